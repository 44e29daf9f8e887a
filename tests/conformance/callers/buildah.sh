#!/usr/bin/env bash
# buildah on the runtime: buildah.sh [--runtime runc|crun|PATH]
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"
enter_sandbox buildah conmon -- "$@"

buildah() { timeout -k 5 "$PATIENCE" buildah "$@"; }
# Where buildah is to make no network namespace of its own, there is no CNI for it to look for.
readonly OCI=(--isolation oci --runtime "$RUNTIME" --network none)

# buildah's own limits are above what root has without CAP_SYS_RESOURCE.
readonly LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
buildah pull -q "docker-archive:$WORK/image.tar" >/dev/null || die "buildah cannot load the image"
container=$(buildah from --pull-never "${LIMITS[@]}" $IMAGE) || die "buildah from fails"
run=(buildah run "${OCI[@]}")
timeout "$PATIENCE" "${run[@]}" "$container" true >/dev/null 2>&1
remember_traces

check "run prints what the program wrote" prints hi "${run[@]}" "$container" echo hi
check "run returns the program's exit code" exits 7 "${run[@]}" "$container" sh -c 'exit 7'
check "run hands stdin on" \
  prints hello bash -c 'echo hello | "$@"' - "${run[@]}" "$container" cat
check "run -t gives the program a terminal" \
  prints '*/dev/*' "${ON_TERMINAL[@]}" "${run[@]}" -t "$container" tty
check "run of a missing program fails, and says so" \
  refuses 1 nonexistent "${run[@]}" "$container" /nonexistent
check "run --user, --workingdir, --env and --hostname reach the program" \
  prints '33 /tmp b box' "${run[@]}" --user 33:33 --workingdir /tmp --env A=b --hostname box \
  "$container" sh -c 'echo $(id -u) $PWD $A $(hostname)'
check "run -v mounts" prints there "${run[@]}" -v "$WORK/image:/image:ro" "$container" \
  sh -c 'test -e /image/manifest.json && ! touch /image/x 2>/dev/null && echo there'
check "run --cap-drop takes capabilities away" prints '*CapEff:*0000000000000000' \
  "${run[@]}" --cap-drop all "$container" grep CapEff /proc/self/status
check "run on the host's network" prints '*lo*' buildah run --isolation oci --runtime "$RUNTIME" \
  --network host "$container" cat /proc/net/dev

built() {
  printf '%s\n' "FROM $IMAGE" 'RUN echo built > /built && id -u >> /built' 'WORKDIR /tmp' \
    'USER 33' 'RUN echo "$(id -u) $PWD" > /tmp/who' 'CMD ["cat", "/built", "/tmp/who"]' \
    > "$WORK/tmp/Containerfile"
  buildah bud -q --pull-never "${OCI[@]}" "${LIMITS[@]}" -t built:1 -f "$WORK/tmp/Containerfile" \
    "$WORK/tmp"
  local made
  made=$(buildah from --pull-never "${LIMITS[@]}" localhost/built:1)
  prints 'built
0
33 /tmp' "${run[@]}" "$made" cat /built /tmp/who
  buildah rm "$made"
}
check "bud runs the steps of a Containerfile" built
failed_build() {
  printf '%s\n' "FROM $IMAGE" 'RUN exit 9' > "$WORK/tmp/Containerfile"
  refuses 9 'exit status 9' buildah bud -q --pull-never "${OCI[@]}" "${LIMITS[@]}" \
    -f "$WORK/tmp/Containerfile" "$WORK/tmp"
}
check "bud fails where a step fails" failed_build
committed() {
  timeout "$PATIENCE" "${run[@]}" "$container" sh -c 'echo kept > /kept'
  buildah commit -q "$container" kept:1
  local made
  made=$(buildah from --pull-never "${LIMITS[@]}" localhost/kept:1)
  prints kept "${run[@]}" "$made" cat /kept
  buildah rm "$made"
}
check "commit keeps what run wrote" committed

buildah rm -a >/dev/null
check "nothing is left: no cgroup, mount or state" leaves_nothing
finish
