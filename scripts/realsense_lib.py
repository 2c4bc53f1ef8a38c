"""Print the files by which the library inside the pyrealsense2 wheel opens: Python's own, then the library.

The form is that of REALSENSE_LIB. The wheel's symbols are those of an extension module, which wants Python's before it.
"""

import glob
import importlib.util
import os
import sys
import sysconfig

spec = importlib.util.find_spec("pyrealsense2")
if spec is None or spec.origin is None:
    sys.exit("this Python has no pyrealsense2")
library = glob.glob(os.path.join(os.path.dirname(spec.origin), "pyrealsense2.*.so"))
if not library:
    sys.exit(f"no library beside {spec.origin}")

name = sysconfig.get_config_var("INSTSONAME") or sysconfig.get_config_var("LDLIBRARY")
folders = [sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("LIBPL") or ""]
folders.append(os.path.join(folders[0], sysconfig.get_config_var("MULTIARCH") or ""))
python = [os.path.join(f, name) for f in folders if os.path.isfile(os.path.join(f, name))]
print(os.pathsep.join([python[0] if python else name, library[0]]))
