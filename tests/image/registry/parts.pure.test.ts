// The small rooms of the registry client: challenges, proxies, the configuration, retries.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../../src/errors.ts";
import { isNeighbour } from "../../../src/image/registry/authorizer.ts";
import { parseChallenges } from "../../../src/image/registry/challenge.ts";
import {
  parseRegistryConfiguration,
  readRegistryConfiguration,
} from "../../../src/image/registry/configuration.ts";
import { findEndpoint, findEndpoints } from "../../../src/image/registry/endpoint.ts";
import { printable, RegistryError } from "../../../src/image/registry/error.ts";
import { DEFAULT_LIMITS } from "../../../src/image/registry/limits.ts";
import { forEachParallel } from "../../../src/image/registry/parallel.ts";
import { proxyFor } from "../../../src/image/registry/proxy.ts";
import { parseReason, parseRetryAfter } from "../../../src/image/registry/refusal.ts";
import { withRetries } from "../../../src/image/registry/retry.ts";
import { choosePlatform } from "../../../src/image/registry/pull.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { MEDIA_TYPE, type Descriptor, type Platform } from "../../../src/image/types.ts";

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a challenge", () => {
  const read = (header: string) =>
    parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);

  test.each([
    [
      'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
      [["bearer", { realm: "https://a/t", service: "s", scope: "repository:x:pull,push" }]],
    ],
    ['Basic realm="a \\"quoted\\" one"', [["basic", { realm: 'a "quoted" one' }]]],
    ["Basic", [["basic", {}]]],
    ["bearer Realm=x , SERVICE = y", [["bearer", { realm: "x", service: "y" }]]],
    [
      'Basic realm="a", Bearer realm="b", service=c',
      [
        ["basic", { realm: "a" }],
        ["bearer", { realm: "b", service: "c" }],
      ],
    ],
    [
      "Negotiate, Basic realm=x",
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    ["", []],
    ['"', []],
    ['Bearer realm="open', [["bearer", {}]]],
    [`Bearer ${"a".repeat(20_000)}`, []],
  ])("%j", (header, found) => {
    expect(read(header) as unknown).toEqual(found);
  });

  test("of any content is read in time", () => {
    const start = performance.now();
    for (const text of [",", " ", "a=", 'a="\\', "a ", "=", 'a="b",'])
      parseChallenges(text.repeat(2000));
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe("the proxy", () => {
  const environment = {
    HTTP_PROXY: "plain:3128",
    HTTPS_PROXY: "http://user:pw@secure:3129",
    NO_PROXY: "example.com, .only.below,10.0.0.0/8,host:8443,::1, *.star.org",
  };
  test.each([
    ["http://registry.test/", "http://plain:3128"],
    ["https://registry.test/", "http://user:pw@secure:3129"],
    ["https://example.com/", undefined],
    ["https://a.example.com/", undefined],
    ["https://notexample.com/", "http://user:pw@secure:3129"],
    ["https://a.only.below/", undefined],
    ["https://only.below/", "http://user:pw@secure:3129"],
    ["https://10.200.3.4:5000/", undefined],
    ["https://11.0.0.1/", "http://user:pw@secure:3129"],
    ["https://host:8443/", undefined],
    ["https://host/", "http://user:pw@secure:3129"],
    ["https://x.star.org/", undefined],
    ["http://localhost:5000/", undefined],
    ["http://127.0.0.1:5000/", undefined],
    ["http://127.1.2.3/", undefined],
    ["http://[::1]:5000/", undefined],
  ])("for %s is %p", (url, proxy) => {
    expect(proxyFor(new URL(url), environment)).toBe(proxy);
  });

  test("is none where the variables say so, in capitals or not", () => {
    const url = new URL("https://a.test/");
    expect(proxyFor(url, {})).toBeUndefined();
    expect(proxyFor(url, { https_proxy: "http://p" })).toBe("http://p");
    expect(proxyFor(url, { https_proxy: "http://p", no_proxy: "*" })).toBeUndefined();
  });
});

describe("a token server", () => {
  test.each([
    ["registry-1.docker.io", "auth.docker.io", true],
    ["registry.gitlab.com", "gitlab.com", true],
    ["quay.io", "quay.io", true],
    ["quay.io", "auth.quay.io", true],
    ["registry.a.example.com", "login.a.example.com", true],
    ["127.0.0.1", "127.0.0.1", true],
    ["registry.example.com", "example.com.evil.org", false],
    ["registry.example.com", "evilexample.com", false],
    ["quay.io", "evil.io", false],
    ["registry.co.uk", "evil.co.uk", false],
    ["10.0.0.1", "10.0.0.2", false],
    ["localhost", "evil.localhost", false],
    ["localhost", "evil", false],
  ])("of %s: is %s one that belongs to it? %p", (registry, server, answer) => {
    expect(isNeighbour(registry, server)).toBe(answer);
  });
});

describe("registries.json", () => {
  test("sets mirrors, trust and token servers", () => {
    const text = JSON.stringify({
      registries: {
        "docker.io": { mirrors: ["https://mirror.test", "localhost:5000"] },
        "10.0.0.5:5000": { insecure: true, tokenServers: ["login.test"] },
      },
    });
    const configuration = parseRegistryConfiguration(text, "f");
    expect(configuration.get("docker.io")?.mirrors).toEqual(["mirror.test", "localhost:5000"]);
    const endpoints = findEndpoints("docker.io", configuration, {}, {});
    expect(endpoints.map(({ origins }) => origins[0])).toEqual([
      "https://mirror.test",
      "https://localhost:5000",
      "https://registry-1.docker.io",
    ]);
    const insecure = findEndpoint("10.0.0.5:5000", configuration, {}, {});
    expect(insecure.origins).toEqual(["https://10.0.0.5:5000", "http://10.0.0.5:5000"]);
    expect(insecure.tls.rejectUnauthorized).toBe(false);
    expect(insecure.tokenServers).toEqual(["login.test"]);
  });

  test("need not be there", () => {
    expect(readRegistryConfiguration("/nonexistent/registries.json").size).toBe(0);
  });

  test.each([
    ["{", "f is not JSON: JSON Parse error: Expected '}'"],
    ["[]", "f must be an object"],
    ['{"mirrors":{}}', 'f has no field "mirrors"'],
    ['{"registries":[]}', "f: registries must be an object"],
    ['{"registries":{"a b":{}}}', 'invalid registry: "a b"'],
    ['{"registries":{"a":1}}', 'f: registries["a"] must be an object'],
    ['{"registries":{"a":{"Insecure":true}}}', 'f: registries["a"] has no field "Insecure"'],
    ['{"registries":{"a":{"insecure":"no"}}}', 'f: registries["a"].insecure must be true or false'],
    [
      '{"registries":{"a":{"ca":"x.pem"}}}',
      'f: registries["a"].ca must be the absolute path of a file',
    ],
    ['{"registries":{"a":{"mirrors":"b"}}}', 'f: registries["a"].mirrors must be a list of hosts'],
  ])("%s is refused", (text, message) => {
    expect(messageOf(() => parseRegistryConfiguration(text, "f"))).toBe(message);
  });
});

describe("without a word about it", () => {
  const origins = (domain: string, tlsVerify?: boolean) =>
    findEndpoint(domain, new Map(), { tlsVerify }, {}).origins.map((each) => each.split(":")[0]);

  test("a registry is spoken to over TLS only, but for this machine itself", () => {
    expect(origins("quay.io")).toEqual(["https"]);
    expect(origins("10.0.0.1:5000")).toEqual(["https"]);
    expect(origins("localhost:5000")).toEqual(["https", "http"]);
    expect(origins("127.0.0.1:5000")).toEqual(["https", "http"]);
    expect(origins("[::1]:5000")).toEqual(["https", "http"]);
    expect(origins("localhost.evil.org")).toEqual(["https"]);
  });

  test("--tls-verify decides for all", () => {
    expect(origins("quay.io", false)).toEqual(["https", "http"]);
    expect(origins("localhost:5000", true)).toEqual(["https"]);
  });
});

describe("what a registry says of a refusal", () => {
  test.each([
    ['{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}', "manifest unknown"],
    ['{"errors":[{"code":"DENIED","message":"not\\u001b[31m yours"}]}', "denied: not [31m yours"],
    ['{"errors":[{"code":"TOOMANYREQUESTS","message":"slow"}]}', "toomanyrequests: slow"],
    ['{"details":"incorrect username"}', "incorrect username"],
    ["plain words\n", "plain words"],
    ["<html>", ""],
    ["{}", ""],
    ["null", ""],
    ['{"errors":[]}', ""],
    ['{"errors":[7]}', ""],
    ["", ""],
  ])("%s", (body, text) => {
    expect(parseReason(body, body.startsWith("{") || body === "null").text).toBe(text);
  });

  test("is cut and cannot move a terminal's cursor", () => {
    expect(printable(`a\x1b[2J\r\nb\u202ec\u009bd${"x".repeat(1000)}`)).toStartWith("a [2J b c d");
    expect(printable("x".repeat(1000))).toHaveLength(301);
  });

  test("may ask to wait, for seconds or until a date", () => {
    expect(parseRetryAfter("3", 0)).toBe(3000);
    expect(parseRetryAfter("Thu, 01 Jan 1970 00:00:10 GMT", 4000)).toBe(6000);
    expect(parseRetryAfter("Thu, 01 Jan 1970 00:00:10 GMT", 40_000)).toBe(0);
    expect(parseRetryAfter("soon", 0)).toBeUndefined();
    expect(parseRetryAfter(null, 0)).toBeUndefined();
  });
});

describe("retries", () => {
  const limits = { ...DEFAULT_LIMITS, firstPauseMs: 1, longestPauseMs: 2, attempts: 4 };
  const temporary = (retryAfterMs?: number) =>
    new RegistryError("busy", { isTemporary: true, retryAfterMs });

  async function count(error: Error, succeedAt = Infinity): Promise<number> {
    let attempts = 0;
    const work = withRetries(limits, async () => {
      attempts++;
      if (attempts < succeedAt) throw error;
    });
    await work.catch(() => {});
    return attempts;
  }

  test("come to an end, and are made for what may pass only", async () => {
    expect(await count(temporary())).toBe(4);
    expect(await count(temporary(), 3)).toBe(3);
    expect(await count(new RegistryError("no"))).toBe(1);
    expect(await count(new UserError("no"))).toBe(1);
    expect(await count(new TypeError("bug"))).toBe(1);
  });

  test("wait as long as the registry asks, but not for ever", async () => {
    const start = performance.now();
    expect(await count(temporary(50), 2)).toBe(2);
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
    expect(await count(temporary(limits.retryAfterMs + 1))).toBe(1);
  });
});

describe("parallel work", () => {
  test("keeps to its width and does everything", async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await forEachParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running);
      await Bun.sleep(1);
      running--;
      done.push(item);
    });
    expect(most).toBe(3);
    expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("begins nothing after a failure and throws the first one at the end", async () => {
    const begun: number[] = [];
    const work = forEachParallel([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      await Bun.sleep(item === 1 ? 1 : 10);
      throw new Error(`failure ${item}`);
    });
    expect(work).rejects.toThrow("failure 1");
    await work.catch(() => {});
    expect(begun).toEqual([1, 2]);
  });
});

describe("of an index", () => {
  const entry = (
    platform: Platform | undefined,
    digit: string,
    mediaType: string = MEDIA_TYPE.ociManifest,
  ): Descriptor => ({
    mediaType,
    digest: `sha256:${digit.repeat(64)}`,
    size: 1,
    ...(platform && { platform }),
  });
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [
      entry({ os: "unknown", architecture: "unknown" }, "0"),
      entry({ os: "linux", architecture: "amd64", variant: "v3" }, "1"),
      entry({ os: "linux", architecture: "amd64" }, "2"),
      entry({ os: "linux", architecture: "arm", variant: "v6" }, "3"),
      entry({ os: "linux", architecture: "arm", variant: "v7" }, "4"),
      entry({ os: "windows", architecture: "amd64" }, "5"),
    ],
  } as const;
  const choose = (platform: Platform) =>
    choosePlatform(index, platform, parseReference("a")).digest.charAt(7);

  test("the image that fits the platform best is taken", () => {
    expect(choose({ os: "linux", architecture: "amd64" })).toBe("2");
    expect(choose({ os: "linux", architecture: "amd64", variant: "v3" })).toBe("1");
    expect(choose({ os: "linux", architecture: "arm", variant: "v7" })).toBe("4");
    expect(choose({ os: "windows", architecture: "amd64" })).toBe("5");
  });

  test("a platform that is not in it is refused, with those that are", () => {
    try {
      choose({ os: "linux", architecture: "riscv64" });
      throw new Error("it was not refused");
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      expect(error.message).toBe("no image for platform linux/riscv64 in a");
      expect(error.hint).toBe(
        "there are: linux/amd64/v3, linux/amd64, linux/arm/v6, linux/arm/v7, windows/amd64",
      );
    }
  });
});
