// The flags of the OCI verbs that start containers.
import { expect, test } from "bun:test";
import { CREATE_FLAGS } from "../../../src/cli/oci/create-flags.ts";
import { RUN_FLAGS } from "../../../src/cli/oci/verbs/run.ts";

test("oci run has every flag of oci create, of the same kind", () => {
  expect(RUN_FLAGS).toMatchObject(CREATE_FLAGS);
});
