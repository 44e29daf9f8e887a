#!/usr/bin/env bash
# Fetches Debian's nginx and dnsperf for programs.root.test.ts into .cache/programs, without installing
# them: the package of nginx would start one on this host's port 80.
set -euo pipefail
cache=$(readlink -f "$(dirname "$0")/../..")/.cache/programs
rm -rf "$cache.new"
mkdir -p "$cache.new/packages"
cd "$cache.new/packages"
apt-get download -qq nginx dnsperf libldns3 || { apt-get update -qq && apt-get download -qq nginx dnsperf libldns3; }
for package in *.deb; do dpkg -x "$package" ..; done
rm -rf "$cache"
mv "$cache.new" "$cache"
