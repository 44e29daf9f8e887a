#!/usr/bin/env bash
# The same command lines through the docker command and a dockerd of this script's own, and through
# bunker: side-by-side.sh [GROUP...], as root, after ./build.sh. The lines are tables in side-by-side/.
readonly SIDE_BY_SIDE=${SIDE_BY_SIDE:-$*}
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/callers/common.sh"
enter_sandbox docker.io containerd nftables -- --runtime runc

readonly BUN=$REPOSITORY/node_modules/.bin/bun BUNKER=$REPOSITORY/dist/bunker
[[ -x $BUN && -x $BUNKER ]] || die "no $BUN or no $BUNKER: run ./build.sh first"
# A newer command line than Debian's, where there is one, is the one whose words bunker has.
DOCKER=$(PATH=/usr/local/bin:$PATH command -v docker) || die "no docker command"
# With Debian 12's client of version 20.10 some 130 lines more differ.
client=$("$DOCKER" --version | grep -oE '[0-9]+' | head -1)
if ((client < 28)); then
  echo "skip  the docker command is of version $client: bunker has the words of version 28"
  exit 0
fi
private_folder /var/lib/bunker
start_daemon dockerd dockerd --exec-opt native.cgroupdriver=cgroupfs --log-level warn \
  --shutdown-timeout 1 --userland-proxy=false
# What a user types is `docker` on both sides.
mkdir -p "$WORK"/{docker,bunker}/{bin,home}
ln -s "$DOCKER" "$WORK/docker/bin/docker"
ln -s "$BUNKER" "$WORK/bunker/bin/docker"
wait_until 30 docker version || die "dockerd does not start: $(tail -5 "$WORK/log/dockerd")"
for side in docker bunker; do
  "$WORK/$side/bin/docker" load -q -i "$WORK/image.tar" >/dev/null || die "$side cannot load the image"
  "$WORK/$side/bin/docker" tag "$IMAGE" box || die "$side cannot tag the image"
done
# shellcheck disable=SC2086
"$BUN" "$REPOSITORY/tests/conformance/side-by-side/main.ts" "$WORK" $SIDE_BY_SIDE
code=$?
kill "$daemon"; wait "$daemon"
exit "$code"
