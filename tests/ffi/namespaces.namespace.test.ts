import { describe, expect, test } from "bun:test";
import { haveUserNamespaces, inNamespaces } from "./child.ts";

describe.skipIf(!haveUserNamespaces())("namespaces, host names and roots", () => {
  test("unshare moves this thread into a new uts namespace", () => {
    expect(inNamespaces("namespaces", "unshare-uts")).toBe(true);
  });

  test("setns goes back to the namespace that was left", () => {
    expect(inNamespaces("namespaces", "setns-uts")).toEqual([true, true]);
  });

  test("sethostname and setdomainname set the names, in UTF-8", () => {
    expect(inNamespaces("namespaces", "hostname")).toEqual(["häfen", "example"]);
  });

  test("sethostname and setdomainname refuse 65 bytes with EINVAL", () => {
    const refused = ["sethostname EINVAL", "setdomainname EINVAL"];
    expect(inNamespaces("namespaces", "hostname-long")).toEqual(refused);
  });

  test("chroot makes a folder the root", () => {
    expect(inNamespaces("namespaces", "chroot")).toBe("inside");
  });

  test("pivot_root changes the root mount, and the old one can be taken off", () => {
    expect(inNamespaces("namespaces", "pivot_root")).toBe("new root");
  });

  test("pivot_root refuses a folder that is no mount with EINVAL", () => {
    expect(inNamespaces("namespaces", "pivot_root-folder")).toBe("pivot_root EINVAL");
  });
});
