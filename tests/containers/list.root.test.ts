// `ps`: what its filters let through, and the room that containers take.

import { beforeAll, expect, test } from "bun:test";
import { needsRoot } from "../harness/tier.ts";
import { openImageBox, SYSTEM } from "../images/image-box.ts";

const IMAGE = "localhost/system:1";

needsRoot("ps", () => {
  const box = openImageBox();
  const names = async (...filters: readonly string[]) => {
    const flags = filters.flatMap((filter) => ["--filter", filter]);
    const text = await box.text("ps", "--all", ...flags, "--format", "{{.Names}}");
    return text.split("\n").filter(Boolean);
  };

  beforeAll(async () => {
    await box.load(IMAGE, { Cmd: ["/bin/true"] }, [SYSTEM]);
    await box.text("create", "--name", "first", "-l", "of=test", "-v", "kept:/data", IMAGE);
    await box.text("run", "--name", "second", IMAGE, "sh", "-c", "echo 12345 >/file");
    await box.text("create", "--name", "third", "--network", "bridge", IMAGE, "/bin/false");
  });

  test.each<[filters: string[], found: string[]]>([
    [[], ["third", "second", "first"]],
    [["name=ir"], ["third", "first"]],
    [["name=^f.*t$"], ["first"]],
    [["since=first"], ["third", "second"]],
    [["before=third", "since=first"], ["second"]],
    [["status=created"], ["third", "first"]],
    [["exited=0"], ["second"]],
    [["ancestor=localhost/system:1", "label=of"], ["first"]],
    [["volume=kept"], ["first"]],
    [["volume=/data"], ["first"]],
    [["volume=/nope"], []],
    [["health=none", "is-task=false", "name=second"], ["second"]],
    [["is-task=true"], []],
    [["publish=80"], []],
  ])("--filter %j shows %j", async (filters, found) => {
    expect(await names(...filters)).toEqual(found);
  });

  test.each([
    ["since=nobody", "No such container: nobody"],
    ["status=gone", "invalid filter 'status=gone'"],
    ["publish=x", "invalid filter 'publish=x'"],
    ["colour=red", "invalid filter 'colour'"],
  ])("--filter %s is refused", async (filter, message) => {
    expect(await box.refusal("ps", "--filter", filter)).toEqual({ exitCode: 1, message });
  });

  test("--size and inspect --size tell what was written, and that with the image", async () => {
    const rows = await box.text("ps", "--all", "--size", "--filter", "name=second");
    expect(rows).toMatch(/ SIZE\n.* 6B \(virtual 1\.\d+MB\)$/);
    const size = ["inspect", "--size", "--format", "{{.SizeRw}} {{gt .SizeRootFs 1000000}}"];
    expect(await box.text(...size, "second")).toBe("6 true");
    expect((await box.refusal("inspect", "--format", "{{.SizeRw}}", "second")).exitCode).toBe(1);
  });

  test("inspect finds networks and volumes as well, and --type says which is meant", async () => {
    expect(await box.text("inspect", "--format", "{{.Mountpoint}}", "kept")).toEndWith("/_data");
    expect(await box.text("inspect", "--type", "network", "-f", "{{.Driver}}", "bridge")).toBe(
      "bridge",
    );
    expect((await box.refusal("inspect", "--type", "volume", "first")).message).toBe(
      "no such volume: first",
    );
  });

  test("all of them go", async () => {
    await box.text("rm", "first", "second", "third");
    await box.text("volume", "rm", "kept");
  });
});
