// `bunker tag` and `bunker image tag`
import { type Command, makeCommand } from "../command.ts";

export const tagCommand: Command = makeCommand<undefined>({
  name: "tag",
  summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  examples: [
    {
      does: "A name that leads to a registry",
      line: "bunker tag debian:mine registry.example.com/team/debian:1",
    },
  ],
  failureCode: 1,
  flags: {},
  operands: { min: 2, max: 2 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, [source = "", target = ""], context) => {
    await (await context.engine.images()).tagImage(source, target);
    return 0;
  },
});
