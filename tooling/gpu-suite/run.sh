#!/bin/sh
# Starts the suite with the Node that came along, or with the machine's own: sh run.sh --quick
here=$(cd "$(dirname "$0")" && pwd)
node=$here/bin/node
[ -x "$node" ] || node=node
exec "$node" "$here/gpu-suite.ts" "$@"
