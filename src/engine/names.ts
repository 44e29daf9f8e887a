// Names for containers that were given none, and ids.

const ADJECTIVES =
  "amber brave calm clever crisp daring eager fair fast fond gentle glad grand happy humble jolly keen kind lively lucky mellow merry mild neat nimble noble placid proud quick quiet ready shiny silent smart snug solid spry steady sunny swift tidy tough vivid warm wise witty young zesty";
const NOUNS =
  "anvil badger barge beacon birch bison brook canyon cedar cliff comet condor crane delta dune eagle ember falcon fern finch fjord forge gable glade harbor hazel heron ibis inlet juniper kestrel lagoon larch lynx maple marten mesa meteor moss otter pebble pine plover quartz raven reef ridge robin sable spruce stork summit tern thistle tundra vole walnut willow wren";

/** 64 hexadecimal digits from the kernel's generator. */
export function makeId(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

/** `swift_heron`; with a number behind it where that is taken. */
export function makeName(attempt = 0): string {
  const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint16Array(3));
  const adjectives = ADJECTIVES.split(" ");
  const nouns = NOUNS.split(" ");
  const name = `${adjectives[a % adjectives.length]}_${nouns[b % nouns.length]}`;
  return attempt === 0 ? name : `${name}${c % 1000}`;
}
