import { ed25519PublicKey, sha256 } from "#crypto";
import { inboxIdOf } from "../../src/chain/layout/inboxIdOf.ts";
import { addressFromPrivateKey, signDigest } from "../../src/crypto/secp256k1.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { utf8 } from "../../src/wire/bytes.ts";
import type { History } from "../../src/wire/history.ts";
import { identityDigest } from "../../src/wire/identityMessages.ts";
import {
  EMPTY_WORD,
  type IdentityStep,
  nextWord,
  type StepConsent,
  signaturesOf,
} from "../../src/wire/identityStep.ts";
import {
  type Address,
  asAddress,
  asId,
  type Hex,
  type InboxId,
  type InstallationKey,
  toHex,
} from "../../src/wire/ids.ts";
import { signInstallationProof } from "../../src/wire/installationProof.ts";
import type { Network } from "../../src/wire/network.ts";

export type TestWallet = { readonly address: Address; readonly privateKey: Uint8Array };
export type TestInstallation = { readonly key: InstallationKey; readonly privateKey: Uint8Array };

const FAR = 2n ** 40n;
const SECONDS_PER_BLOCK = 10;

/** The same for the same name. */
export function testWallet(name: string): TestWallet {
  const privateKey = sha256(utf8(`wallet of ${name}`));
  return { address: asAddress(addressFromPrivateKey(privateKey)), privateKey };
}

/** The same for the same name. */
export function testInstallation(name: string): TestInstallation {
  const privateKey = sha256(utf8(`installation of ${name}`));
  return { key: asId(ed25519PublicKey(privateKey)), privateKey };
}

/** Writes the steps of one inbox as its contract would, signed by keys; one block a step unless told. */
export function testHistory(params: { network: Network; founder: TestWallet; firstBlock?: number }) {
  const { network, founder, firstBlock = 1 } = params;
  const salt = toHex(sha256(utf8("salt")));
  const inbox = inboxIdOf({ wallet: founder.address, salt });
  const nonces = new Map<Address, bigint>();
  const steps: IdentityStep[] = [];
  let block = firstBlock - 1;

  const unsigned = (signer: TestWallet): StepConsent => {
    const nonce = nonces.get(signer.address) ?? 0n;
    nonces.set(signer.address, nonce + 1n);
    return { nonce, deadline: FAR, signature: new Uint8Array() };
  };
  const place = () => {
    block++;
    return { block, time: block * SECONDS_PER_BLOCK };
  };
  const push = (step: IdentityStep, ...signers: readonly TestWallet[]): IdentityStep => {
    const signed = signStep({ network, inbox, step, signers });
    steps.push(signed);
    return signed;
  };
  const proofOf = (installation: TestInstallation) => ({
    installation: installation.key,
    installationSignature: signInstallationProof({ network, inbox, privateKey: installation.privateKey }),
  });

  return {
    network,
    inbox,
    salt,
    steps,
    create: (installation: TestInstallation) =>
      push(
        {
          ...{ ...place(), kind: "create-inbox", salt, wallet: founder.address },
          ...{ ...proofOf(installation), consent: unsigned(founder) },
        },
        founder,
      ),
    add: (installation: TestInstallation, by: TestWallet) =>
      push(
        {
          ...{ ...place(), kind: "add-installation", wallet: by.address },
          ...{ ...proofOf(installation), consent: unsigned(by) },
        },
        by,
      ),
    revoke: ({ key }: TestInstallation, by: TestWallet) =>
      push(
        {
          ...{ ...place(), kind: "revoke-installation", installation: key, by: by.address },
          signature: new Uint8Array(),
        },
        by,
      ),
    link: (wallet: TestWallet, by: TestWallet) =>
      push(
        {
          ...{ ...place(), kind: "link-wallet", wallet: wallet.address, by: by.address },
          ...{ byConsent: unsigned(by), walletConsent: unsigned(wallet) },
        },
        by,
        wallet,
      ),
    unlink: (wallet: TestWallet, by: TestWallet) =>
      push(
        {
          ...{ ...place(), kind: "unlink-wallet", wallet: wallet.address, by: by.address },
          consent: unsigned(by),
        },
        by,
      ),
    propose: (recovery: TestWallet, by: TestWallet, delaySeconds: number) => {
      const at = place();
      return push(
        {
          ...{ ...at, kind: "set-recovery", recovery: recovery.address, by: by.address },
          ...{ changesAt: at.time + delaySeconds, consent: unsigned(by) },
        },
        by,
      );
    },
    veto: (recovery: TestWallet, by: TestWallet) =>
      push(
        {
          ...{ ...place(), kind: "veto-recovery", recovery: recovery.address, by: by.address },
          consent: unsigned(by),
        },
        by,
      ),
  };
}

/** A step with the signatures of these keys, in the order of `signaturesOf`. */
export function signStep(params: {
  network: Network;
  inbox: InboxId;
  step: IdentityStep;
  signers: readonly TestWallet[];
}): IdentityStep {
  const { network, inbox, step, signers } = params;
  const [first = new Uint8Array(), second = new Uint8Array()] = signaturesOf({ inbox, step }).map(
    ({ structHash }, at) => {
      const privateKey = signers[at]?.privateKey ?? new Uint8Array();
      return signDigest({ privateKey, digest: identityDigest({ network, structHash }) });
    },
  );
  switch (step.kind) {
    case "revoke-installation":
      return { ...step, signature: first };
    case "link-wallet":
      return {
        ...step,
        byConsent: { ...step.byConsent, signature: first },
        walletConsent: { ...step.walletConsent, signature: second },
      };
    default:
      return { ...step, consent: { ...step.consent, signature: first } };
  }
}

/** The word after each step. */
export function wordsOf(params: { inbox: InboxId; steps: readonly IdentityStep[] }): Hex[] {
  const { inbox, steps } = params;
  let word = EMPTY_WORD;
  return steps.map((step) => {
    word = nextWord({ word, step, signatures: signaturesOf({ inbox, step }) });
    return word;
  });
}

/** What follows a reader's steps of these, as a node's index answers. */
export function answerOf(params: {
  inbox: InboxId;
  steps: readonly IdentityStep[];
  position: { readonly count: number; readonly word: Hex };
}): History {
  const { steps, position } = params;
  const words = wordsOf(params);
  const isSame = position.count === 0 || words[position.count - 1] === position.word;
  const from = isSame ? position.count : 0;
  return { from, steps: steps.slice(from), count: steps.length, word: words.at(-1) ?? EMPTY_WORD };
}

/** A node that serves these steps as of block `head`, as the real ones do. */
export function servingNode(params: {
  inbox: InboxId;
  steps: readonly IdentityStep[];
  head: number;
  hash?: Hex;
  /** What it says instead. */
  lie?: (history: History) => History;
  maxSteps?: number;
}) {
  const { inbox, steps, head, lie = (history) => history, maxSteps = Number.POSITIVE_INFINITY } = params;
  let asked = 0;
  const getHistories: NodeApi["getHistories"] = async ({ inboxes }) => {
    asked++;
    const histories = inboxes.map((position): History => {
      if (position.inbox !== inbox) return { from: 0, steps: [], count: 0, word: EMPTY_WORD };
      const whole = answerOf({ inbox, steps, position });
      return lie({ ...whole, steps: whole.steps.slice(0, maxSteps) });
    });
    return { histories, head: { number: head, hash: params.hash ?? "0x", time: head * SECONDS_PER_BLOCK } };
  };
  return { getHistories, asked: () => asked };
}
