// docker's commands that bunker does not have, each with the reason and what to do instead.

const BUILD =
  "images are not built here: build them with buildah or docker, and bring them in by 'bunker pull' or 'bunker load'";
const SWARM = "bunker is for one machine; docker's swarm can run its containers with 'bunker oci'";

/** The words of a command → why. */
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  ...["build", "builder", "buildx", "image build"].map((words) => [words, BUILD] as const),
  ...["config", "node", "secret", "service", "stack", "swarm"].map(
    (words) => [words, SWARM] as const,
  ),
  ["checkpoint", "checkpoints are made and restored by 'bunker oci checkpoint' and 'restore'"],
  [
    "compose",
    "there is no compose: containers of a network find each other by name, so a script will do",
  ],
  ["context", "there is no daemon, and so none to choose"],
  ["plugin", "bunker has no plugins"],
  ["trust", "signatures are not checked; name an image by its digest, which is verified"],
  ["volume update", "there are no cluster volumes"],
]);

/** Why bunker has no such command, where docker has one. @param words `build`, `image build` */
export function whyNotHere(words: string): string | undefined {
  return NOT_HERE.get(words);
}
