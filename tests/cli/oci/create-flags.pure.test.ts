// The flags of the OCI verbs that start containers.
import { expect, test } from "bun:test";
import { CREATE_FLAGS } from "../../../src/cli/oci/create-flags.ts";
import { createVerb } from "../../../src/cli/oci/verbs/create.ts";
import { RUN_FLAGS, runVerb } from "../../../src/cli/oci/verbs/run.ts";

test("oci run has every flag of oci create, of the same kind", () => {
  expect(RUN_FLAGS).toMatchObject(CREATE_FLAGS);
});

test("oci run has every short name of oci create, for the same flag", () => {
  const { aliases = {} } = createVerb;
  expect(aliases).not.toBeEmpty();
  expect(runVerb.aliases).toMatchObject(aliases);
});
