// `bunker search`, which bunker does not have: said clearly.
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";

const NOTHING = "there is no search whose results it could be about";

export const searchCommand: Command = makeCommand<undefined>({
  name: "search",
  summary: "Search Docker Hub for images (not supported)",
  usage: "TERM",
  refused: { filter: NOTHING, format: NOTHING, limit: NOTHING, "no-trunc": NOTHING },
  examples: [{ does: "It says where to look instead", line: "bunker search nginx" }],
  failureCode: 1,
  flags: {},
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => undefined,
  run: (_draft, [term = ""]) => {
    throw new UserError(
      "search is not supported: registries have no interface for it but Docker Hub's own",
      `look at https://hub.docker.com/search?q=${encodeURIComponent(term)}`,
    );
  },
});
