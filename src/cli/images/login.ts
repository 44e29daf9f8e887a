// `bunker login` and `bunker logout`
import { UserError } from "../../errors.ts";
import { type Command, type CommandContext, makeCommand } from "../command.ts";
import { askLine, askSecret } from "../format/ask.ts";
import {
  makeTransferOptions,
  registryFlags,
  type RegistryDraft,
  startRegistry,
} from "./registry-flags.ts";

interface LoginDraft extends RegistryDraft {
  username: string;
  password: string;
  fromStdin: boolean;
}

export const loginCommand: Command = makeCommand<LoginDraft>({
  name: "login",
  summary: "Authenticate to a registry",
  usage: "[flags] [SERVER]",
  description: "Defaults to Docker Hub if no server is specified.",
  examples: [
    {
      does: "With a token from a file",
      line: "bunker login --username me --password-stdin registry.example.com <token",
    },
  ],
  failureCode: 1,
  flags: {
    username: {
      type: "text",
      short: "u",
      group: "Flags",
      help: "Username",
      set: (draft, text) => {
        draft.username = text;
      },
    },
    password: {
      type: "text",
      short: "p",
      group: "Flags",
      help: "Password or Personal Access Token (PAT)",
      set: (draft, text) => {
        draft.password = text;
      },
    },
    "password-stdin": {
      type: "bool",
      group: "Flags",
      help: "Take the Password or Personal Access Token (PAT) from stdin",
      set: (draft, value) => {
        draft.fromStdin = value;
      },
    },
    ...registryFlags,
  },
  operands: { min: 0, max: 1 },
  interspersed: true,
  start: () => ({ ...startRegistry(), username: "", password: "", fromStdin: false }),
  run: async (draft, [server], context) => {
    const { login } = await context.engine.images();
    const { username, password } = await findSecret(draft, server, context);
    const stored = await login(server, username, password, makeTransferOptions(draft));
    if (stored.isPlain) {
      context.writeError(
        `\nWARNING! Your credentials are stored unencrypted in '${stored.place}'.\n` +
          "Configure a credential helper to remove this warning. See\n" +
          "https://docs.docker.com/go/credential-store/\n\n",
      );
    }
    context.write("Login Succeeded\n");
    return 0;
  },
});

interface Secret {
  readonly username: string;
  readonly password: string;
}

async function findSecret(
  draft: LoginDraft,
  server: string | undefined,
  context: CommandContext,
): Promise<Secret> {
  const { password, fromStdin } = draft;
  const images = await context.engine.images();
  if (fromStdin) {
    if (password !== "")
      throw new UserError("--password and --password-stdin are mutually exclusive");
    if (draft.username === "") {
      throw new UserError("the --password-stdin option requires --username to be set");
    }
    const read = await images.readPassword();
    if (read !== "") return { username: draft.username, password: read };
  }
  if (password !== "") {
    context.writeError(
      "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n",
    );
  }
  if (draft.username !== "" && password !== "") return { username: draft.username, password };
  if (!context.isTerminal(0)) {
    throw new UserError("Cannot perform an interactive login from a non TTY device");
  }
  const known = await images.knownUser(server);
  const asked = known === undefined ? "Username: " : `Username (${known}): `;
  const username = draft.username || askLine(asked, context) || known || "";
  if (username === "") throw new UserError("username is empty");
  return { username, password: password || askSecret("Password: ", context) };
}

export const logoutCommand: Command = makeCommand<undefined>({
  name: "logout",
  summary: "Log out from a registry",
  usage: "[SERVER]",
  description: "Defaults to Docker Hub if no server is specified.",
  examples: [{ does: "Forget what login has kept", line: "bunker logout registry.example.com" }],
  failureCode: 1,
  flags: {},
  operands: { min: 0, max: 1 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, [server], context) => {
    const { logout } = await context.engine.images();
    const shown = server ?? "https://index.docker.io/v1/";
    await logout(server);
    context.write(`Removing login credentials for ${shown}\n`);
    return 0;
  },
});
