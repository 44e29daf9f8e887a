// Names for containers that were given none, and ids.

const ADJECTIVES =
  "amber brave calm clever crisp daring eager fair fast fond gentle glad grand happy humble jolly keen kind lively lucky mellow merry mild neat nimble noble placid proud quick quiet ready shiny silent smart snug solid spry steady sunny swift tidy tough vivid warm wise witty young zesty";
const NOUNS =
  "anvil badger barge beacon birch bison brook canyon cedar cliff comet condor crane delta dune eagle ember falcon fern finch fjord forge gable glade harbor hazel heron ibis inlet juniper kestrel lagoon larch lynx maple marten mesa meteor moss otter pebble pine plover quartz raven reef ridge robin sable spruce stork summit tern thistle tundra vole walnut willow wren";

/** 64 hexadecimal digits from the kernel's generator. */
export function makeId(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

const DIGITS = 4;

/** Start-up time: taken apart only where a name is made up, and then once. */
let words: readonly [adjectives: readonly string[], nouns: readonly string[]] | undefined;

/**
 * `swift_heron`, chosen by the id; with a number behind it from the second attempt on, where the
 * name before was taken.
 */
export function makeName(id: string, attempt: number): string {
  const [adjectives, nouns] = (words ??= [ADJECTIVES.split(" "), NOUNS.split(" ")]);
  const part = (index: number): number =>
    parseInt(id.slice(index * DIGITS, (index + 1) * DIGITS), 16);
  const name = `${adjectives[part(0) % adjectives.length]}_${nouns[part(1) % nouns.length]}`;
  return attempt === 0 ? name : `${name}${part(attempt + 1)}`;
}
