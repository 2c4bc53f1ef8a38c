//go:build !amd64 && !arm64

package pixel

var glideTable []glideVariant

var halveTable []halveVariant

var shrinkTable []shrinkVariant

var scanTable []scanVariant
