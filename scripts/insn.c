// A plugin of qemu-user (7.2 or later) that counts the instructions that a guest executes: scripts/insn.sh.
#include <stdint.h>
#include <stdio.h>

// What this needs of qemu-plugin.h, which Debian does not ship.
typedef uint64_t plugin_id;
struct block;
__attribute__((visibility("default"))) int qemu_plugin_version = 1;
size_t qemu_plugin_tb_n_insns(const struct block *);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct block *, int op, void *counter, uint64_t by);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

static uint64_t count;

static void translated(plugin_id id, struct block *b) {
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(b, 0, &count, qemu_plugin_tb_n_insns(b)); // 0: add
}

static void ended(plugin_id id, void *data) {
	(void)id, (void)data;
	fprintf(stderr, "instructions %llu\n", (unsigned long long)count);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
	(void)info, (void)argc, (void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
