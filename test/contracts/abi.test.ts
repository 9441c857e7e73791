import assert from "node:assert/strict";
import { test } from "node:test";
import { commitLogAbi } from "../../src/chain/abi/commitLog.ts";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { nodeRegistryAbi } from "../../src/chain/abi/nodeRegistry.ts";
import { openHardhat } from "../../src/chain/deploy/openHardhat.ts";

test("src/chain/abi is what the contracts compile to (else: node scripts/generateAbi.ts)", async () => {
  const { artifacts } = await openHardhat();
  const generated = {
    CommitLog: commitLogAbi,
    IdentityRegistry: identityRegistryAbi,
    NodeRegistry: nodeRegistryAbi,
  };
  for (const [contract, abi] of Object.entries(generated)) {
    assert.deepEqual(abi, (await artifacts.readArtifact(contract)).abi, contract);
  }
});

test("the contracts fit into what any EVM chain accepts", async () => {
  const { artifacts } = await openHardhat();
  for (const contract of ["CommitLog", "IdentityRegistry", "NodeRegistry"]) {
    const { deployedBytecode } = await artifacts.readArtifact(contract);
    assert.ok((deployedBytecode.length - 2) / 2 < 24_576, contract); // EIP-170
  }
});
