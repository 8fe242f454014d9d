#!/usr/bin/env bash
# Writes ../envoy-v1.40.binpb.gz: every v3 message, enum and service of Envoy 1.40 and what they import.
# Needs Go. To move to another Envoy: `go get github.com/envoyproxy/go-control-plane/envoy@vX.Y.0` here, run this, then the
# tests beside it (one fails if the new API uses a validation rule that pgv.ts does not know). For the extensions file start
# that Envoy with an admin port and read `node.extensions[]` of /server_info: category, name, type_urls.
set -euo pipefail
cd "$(dirname "$0")"
export GOFLAGS="${GOFLAGS:-} -mod=mod" # lets go.sum grow while imports.go is being made
api=github.com/envoyproxy/go-control-plane/envoy
xds=github.com/cncf/xds/go
{
  printf 'package main\n\nimport (\n'
  go list -f '{{.ImportPath}}' "$api/..." "$xds/..." | grep -E "^$api/.*/v3\$|^$xds/(xds|udpa)/" | sed 's/.*/\t_ "&"/'
  printf ')\n'
} > imports.go
version=$(go list -m -f '{{.Version}}' "$api")
go run . -o ../envoy.binpb
gzip -9 -n < ../envoy.binpb > "../envoy-${version%.*}.binpb.gz"
rm ../envoy.binpb imports.go
