/**
 * `npm run gas [-- --json]`: what every call costs on a chain in this process, with EIP-7623's price of calldata and
 * with random payloads, as sealed ones look.
 */
import { parseArgs } from "node:util";
import pc from "picocolors";
import { type Hex, keccak256 } from "viem";
import {
  type Append,
  appendArgs,
  entryIdOf,
  NO_LIMIT,
  openCommitLog,
  randomPayload,
} from "../test/contracts/commitLogFixture.ts";
import { newKey, newWallet, openIdentityRegistry } from "../test/contracts/identityFixture.ts";
import { addresses, LEAVE_DELAY_SECONDS, openNodeRegistry, signP256 } from "../test/contracts/nodeFixture.ts";
import { openChain, type TestChain } from "../test/contracts/openChain.ts";

type Row = { contract: string; call: string; gas: number; payloadBytes?: number; xmtpGas?: number };

/** XMTP's contract for one commit of that size; it checks neither epoch nor sender. */
const XMTP_COMMIT_GAS: Readonly<Record<number, number>> = { 1024: 63_500, 2048: 104_000, 16384: 676_000 };
const PAYLOAD_SIZES = [1024, 2048, 16_384, 65_536];
const BATCH_ENTRIES = 5;
/** A limit of its own lets a refused transaction be mined instead of failing beforehand. */
const REFUSED_GAS_LIMIT = 10_000_000n;

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const rows = await measure();
process.stdout.write(values.json ? `${JSON.stringify(rows, undefined, 2)}\n` : formatTable(rows));

async function measure(): Promise<Row[]> {
  await using chain = await openChain({ network: "osaka" });
  await using bareChain = await openChain({ network: "cancun" });
  return [
    ...(await measureCommitLog(chain)),
    ...(await measureIdentityRegistry(chain)),
    ...(await measureNodeRegistry(chain, "P-256 precompile")),
    ...(await measureNodeRegistry(bareChain, "P-256 in Solidity")),
  ];
}

function measureCall(chain: TestChain, contract: string) {
  return async (call: string, transaction: Hex | Promise<Hex>, rest: Partial<Row> = {}): Promise<Row> => {
    const { gasUsed } = await chain.client.getTransactionReceipt({ hash: await transaction });
    return { contract, call, gas: Number(gasUsed), ...rest };
  };
}

async function measureCommitLog(chain: TestChain): Promise<Row[]> {
  const { log, sign, createGroup } = await openCommitLog(chain);
  const gasOf = measureCall(chain, "CommitLog");
  const { group, first, authority } = await createGroup();
  const build = (parent: Hex, payloadBytes: number, limit = 0): Promise<Append> =>
    sign(
      { group, parent, limit, authority: authority.address, payload: randomPayload(payloadBytes) },
      authority,
    );
  const measured: Row[] = [];
  let head = first;
  for (const payloadBytes of PAYLOAD_SIZES) {
    const [next, loser] = [await build(head, payloadBytes), await build(head, payloadBytes)];
    const xmtpGas = XMTP_COMMIT_GAS[payloadBytes];
    const theirs = xmtpGas === undefined ? {} : { xmtpGas };
    measured.push(
      await gasOf("append to the head", log.write.append(appendArgs(next)), { payloadBytes, ...theirs }),
    );
    const lost = log.write.append(appendArgs(loser), { gas: REFUSED_GAS_LIMIT });
    measured.push(await gasOf("append, race lost: Stale", lost, { payloadBytes }));
    head = entryIdOf(next);
  }
  const payloadBytes = 1024;
  const founded = (await createGroup(payloadBytes)).hash;
  measured.push(await gasOf("append, first of a group", founded, { payloadBytes }));
  const sibling = appendArgs(await build(first, payloadBytes, NO_LIMIT));
  measured.push(await gasOf("append, later sibling", log.write.append(sibling), { payloadBytes }));
  const batch: Append[] = [];
  for (let i = 0; i < BATCH_ENTRIES; i++) {
    batch.push(await build(head, payloadBytes));
    head = entryIdOf(batch[i] as Append);
  }
  const { gas, ...many } = await gasOf("", log.write.appendMany([batch]), { payloadBytes });
  const call = `appendMany of ${BATCH_ENTRIES}, per entry`;
  return [...measured, { ...many, call, gas: Math.round(gas / BATCH_ENTRIES) }];
}

async function measureIdentityRegistry(chain: TestChain): Promise<Row[]> {
  const identity = await openIdentityRegistry(chain);
  const { write } = identity.registry;
  const gasOf = measureCall(chain, "IdentityRegistry");
  const { inbox, wallet, hash } = await identity.registerInbox();
  const [second, heir, installation] = [newWallet(), newWallet(), newKey()];
  const addition = await identity.addition(inbox, wallet, installation);
  const measured = [
    await gasOf("register, with first installation", hash),
    await gasOf("addInstallation", write.addInstallation(addition)),
  ];
  const revocation = await identity.revocation(inbox, installation, wallet);
  measured.push(await gasOf("revokeInstallation", write.revokeInstallation(revocation)));
  const link = await identity.link(inbox, wallet, second);
  measured.push(await gasOf("linkWallet", write.linkWallet(link)));
  const unlinking = await identity.unlinking(inbox, second.address, second);
  measured.push(await gasOf("unlinkWallet", write.unlinkWallet(unlinking)));
  const proposal = await identity.recovery("SetRecovery", inbox, heir.address, wallet);
  measured.push(await gasOf("setRecovery", write.setRecovery(proposal)));
  const veto = await identity.recovery("VetoRecovery", inbox, heir.address, wallet);
  measured.push(await gasOf("vetoRecovery", write.vetoRecovery(veto)));
  return measured;
}

async function measureNodeRegistry(chain: TestChain, p256: string): Promise<Row[]> {
  const { registry, registerNode, header } = await openNodeRegistry(chain);
  const gasOf = measureCall(chain, `NodeRegistry (${p256})`);
  const { write } = registry;
  const { node, key, operator, hash } = await registerNode();
  const bad = await registerNode();
  const [a, b] = [header(bad.node), header(bad.node, { root: keccak256("0x01") })];
  const evidence = [a, signP256(bad.key, a), b, signP256(bad.key, b)] as const;
  const measured = [
    await gasOf("register", hash),
    await gasOf("reportEquivocation", write.reportEquivocation(evidence)),
  ];
  if (p256 !== "P-256 precompile") return measured;
  const account = { account: operator };
  const moved = [node, { ...addresses, httpAddress: `${addresses.httpAddress}:1` }] as const;
  measured.push(await gasOf("setAddresses", write.setAddresses(moved, account)));
  measured.push(await gasOf("setShards", write.setShards([node, 1n], account)));
  measured.push(await gasOf("restart", write.restart([node, 0x8000_0000n], account)));
  measured.push(await gasOf("checkpoint", write.checkpoint([node, 0, 1n, key.x], account)));
  measured.push(await gasOf("startLeaving", write.startLeaving([node], account)));
  await chain.client.increaseTime({ seconds: LEAVE_DELAY_SECONDS });
  measured.push(await gasOf("withdraw", write.withdraw([node])));
  measured.push(await gasOf("drop", write.drop([node])));
  return measured;
}

function formatTable(all: readonly Row[]): string {
  const number = (value: number | undefined, width: number) =>
    (value?.toLocaleString("en") ?? "").padStart(width);
  const lines: string[] = [];
  let contract = "";
  for (const row of all) {
    if (row.contract !== contract) {
      contract = row.contract;
      const columns =
        contract === "CommitLog"
          ? `${"payload".padStart(10)}${"gas".padStart(12)}${"XMTP".padStart(10)}`
          : "";
      lines.push("", pc.bold(contract.padEnd(38)) + pc.dim(columns || "gas".padStart(22)));
    }
    const ratio = row.xmtpGas === undefined ? "" : `  × ${(row.gas / row.xmtpGas).toFixed(2)}`;
    const gas = pc.cyan(number(row.gas, 12));
    lines.push(
      `  ${row.call.padEnd(36)}${number(row.payloadBytes, 10)}${gas}${pc.dim(number(row.xmtpGas, 10) + ratio)}`,
    );
  }
  const notes = [
    "Calldata has its floor price of 40 gas per byte (EIP-7623), which is all that a large payload costs:",
    "XMTP's contract, which checks neither epoch nor sender, pays the same. Prices of an L3 add its parent's data fee.",
  ];
  return `${[...lines, "", ...notes.map((note) => pc.dim(note)), ""].join("\n")}\n`;
}
