import { create } from "@bufbuild/protobuf";
import { openAead, randomBytes, sealAead, signEd25519, verifyEd25519 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { keccak256 } from "../crypto/keccak256.ts";
import { WeftError } from "../errors.ts";
import { type EntryBody as EntryBodyMessage, EntryBodySchema } from "../gen/weft/v1/entry_pb.ts";
import { utf8 } from "./bytes.ts";
import { catchFault } from "./catchFault.ts";
import { type ControlInstruction, type Request, readControl, writeControl } from "./control.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import {
  ADDRESS_BYTES,
  type Address,
  asAddress,
  asId,
  type EntryId,
  fromHex,
  type GroupId,
  ID_BYTES,
  type InstallationKey,
} from "./ids.ts";
import { MAX_ENTRY_PAYLOAD_BYTES, MAX_REPAIRS_PER_COMMIT } from "./limits.ts";
import { type Network, networkBytes } from "./network.ts";
import { pad, unpad } from "./padme.ts";

/** What an entry instructs, and by whom; sealed on chain. */
export type EntryBody = {
  readonly instruction:
    | { readonly case: "commit"; readonly value: Uint8Array }
    | { readonly case: "control"; readonly value: ControlInstruction };
  readonly authority: Address;
  readonly registryBlock: number;
  readonly installation: InstallationKey;
  /** The signed bodies of the requests that a commit answers by a repair, see `readRequest`. */
  readonly requests?: readonly Uint8Array[];
};

/** Where an entry stands: its group and the entry that it builds on. */
export type EntryPlace = { readonly group: GroupId; readonly parent: EntryId | GroupId };

const VERSION = 1;
const NONCE_BYTES = 12;
const SIGNATURE_BYTES = 64;

/** Computes an entry's id: keccak256(abi.encode(group, parent, authority, keccak256(payload))). */
export function entryId(params: EntryPlace & { authority: Address; payload: Uint8Array }): EntryId {
  const authority = concatBytes(new Uint8Array(ID_BYTES - ADDRESS_BYTES), fromHex(params.authority));
  const fields = [fromHex(params.group), fromHex(params.parent), authority, keccak256(params.payload)];
  return asId(keccak256(concatBytes(...fields)));
}

/** Computes the group id of a fresh key: keccak256(abi.encode(genesis address)). */
export function groupIdOf(genesis: Address): GroupId {
  return asId(keccak256(concatBytes(new Uint8Array(ID_BYTES - ADDRESS_BYTES), fromHex(genesis))));
}

/** Signs and seals an entry's body; `key` is the parent epoch's, 32 bytes. Throws `too-large` above 84,000 bytes. */
export function sealEntryPayload(
  params: EntryPlace & {
    network: Network;
    body: EntryBody;
    installationPrivateKey: Uint8Array;
    key: Uint8Array;
  },
): Uint8Array {
  const { body, key } = params;
  const unsigned = create(EntryBodySchema, {
    instruction: writeInstruction(body.instruction),
    authority: fromHex(body.authority),
    registryBlock: BigInt(body.registryBlock),
    installation: fromHex(body.installation),
    requests: [...(body.requests ?? [])],
  });
  const signature = signEd25519({
    privateKey: params.installationPrivateKey,
    message: signedBytes({ ...params, message: unsigned }),
  });
  const plaintext = pad(encodeCanonical(EntryBodySchema, { ...unsigned, signature }));
  const nonce = randomBytes(NONCE_BYTES);
  const payload = concatBytes(
    Uint8Array.of(VERSION),
    nonce,
    sealAead({ key, nonce, aad: aadOf(params), plaintext }),
  );
  if (payload.length > MAX_ENTRY_PAYLOAD_BYTES) {
    throw new WeftError({ code: "too-large", message: `an entry of ${payload.length} bytes` });
  }
  return payload;
}

type Sealed = EntryPlace & { network: Network; payload: Uint8Array; key: Uint8Array; authority: Address };
type NotOpened = {
  kind: "refused";
  reason: "does-not-open" | "malformed" | "bad-signature" | "other-authority";
};

/** Opens a payload and checks its writer's signature; every reason is one that all members of the epoch see alike. */
export function openEntryPayload(params: Sealed): { kind: "opened"; body: EntryBody } | NotOpened {
  const opened = openSignedBody(params);
  return opened.kind === "opened" ? { kind: "opened", body: opened.body } : opened;
}

/** Opens a payload as `openEntryPayload` does, and gives the body as it was signed, too: `readRequest` takes that. */
export function openSignedBody(
  params: Sealed,
): { kind: "opened"; body: EntryBody; bytes: Uint8Array } | NotOpened {
  const { payload, key } = params;
  if (payload[0] !== VERSION) return { kind: "refused", reason: "does-not-open" };
  const nonce = payload.subarray(1, 1 + NONCE_BYTES);
  const ciphertext = payload.subarray(1 + NONCE_BYTES);
  const padded = openAead({ key, nonce, aad: aadOf(params), ciphertext });
  if (padded === undefined) return { kind: "refused", reason: "does-not-open" };
  const message = readBody(padded);
  if (message === undefined) return { kind: "refused", reason: "malformed" };
  if (!isSigned({ ...params, message })) return { kind: "refused", reason: "bad-signature" };
  const opened = bodyOf(message);
  if (opened === undefined) return { kind: "refused", reason: "malformed" };
  if (opened.authority !== params.authority) return { kind: "refused", reason: "other-authority" };
  return { kind: "opened", body: opened, bytes: encodeCanonical(EntryBodySchema, message) };
}

/**
 * Reads the signed body of a request for those who do not have the key that its entry was sealed with. Undefined unless
 * it is a request that is signed by the installation that it names. Never throws.
 */
export function readRequest(params: {
  network: Network;
  group: GroupId;
  /** Gives the parent of the entry that the request is about; undefined if it may not be about that. */
  parentOf: (entry: EntryId) => EntryId | GroupId | undefined;
  bytes: Uint8Array;
}): (Request & { readonly installation: InstallationKey }) | undefined {
  const message = decodeBody(params.bytes);
  const opened = message && bodyOf(message);
  if (!message || opened?.instruction.case !== "control") return undefined;
  const { value: request } = opened.instruction;
  const parent = request.kind === "request" ? params.parentOf(request.entry) : undefined;
  if (request.kind !== "request" || !parent || !isSigned({ ...params, parent, message })) return undefined;
  return { ...request, installation: opened.installation };
}

function isSigned(params: EntryPlace & { network: Network; message: EntryBodyMessage }): boolean {
  const { message } = params;
  return verifyEd25519({
    publicKey: message.installation,
    message: signedBytes({ ...params, message: { ...message, signature: new Uint8Array() } }),
    signature: message.signature,
  });
}

function writeInstruction(instruction: EntryBody["instruction"]): EntryBodyMessage["instruction"] {
  if (instruction.case === "commit") return instruction;
  return { case: "control", value: writeControl(instruction.value) };
}

function readInstruction(instruction: EntryBodyMessage["instruction"]): EntryBody["instruction"] | undefined {
  if (instruction.case !== "control") return instruction.case && instruction;
  const value = readControl(instruction.value);
  return value && { case: "control", value };
}

function readBody(padded: Uint8Array): EntryBodyMessage | undefined {
  const bytes = catchFault(() => unpad(padded));
  return bytes instanceof WeftError ? undefined : decodeBody(bytes);
}

function decodeBody(bytes: Uint8Array): EntryBodyMessage | undefined {
  try {
    const message = decodeStrict({ schema: EntryBodySchema, bytes, maxBytes: MAX_ENTRY_PAYLOAD_BYTES });
    checkLength({ bytes: message.signature, length: SIGNATURE_BYTES, what: "an entry's signature" });
    checkLength({ bytes: message.installation, length: ID_BYTES, what: "an entry's installation" });
    checkLength({ bytes: message.authority, length: ADDRESS_BYTES, what: "an entry's authority" });
    return message;
  } catch (error) {
    if (error instanceof WeftError) return undefined;
    throw error;
  }
}

function bodyOf(message: EntryBodyMessage): EntryBody | undefined {
  const { registryBlock, requests } = message;
  const instruction = readInstruction(message.instruction);
  if (instruction === undefined || registryBlock > Number.MAX_SAFE_INTEGER) return undefined;
  if (requests.length > (instruction.case === "commit" ? MAX_REPAIRS_PER_COMMIT : 0)) return undefined;
  const body = {
    instruction,
    authority: asAddress(message.authority),
    registryBlock: Number(registryBlock),
    installation: asId<InstallationKey>(message.installation),
  };
  return requests.length === 0 ? body : { ...body, requests };
}

function signedBytes(params: EntryPlace & { network: Network; message: EntryBodyMessage }): Uint8Array {
  const { chainId, commitLog: contract } = params.network;
  return concatBytes(
    utf8("weft.entry.v1"),
    networkBytes({ chainId, contract }),
    aadOf(params),
    encodeCanonical(EntryBodySchema, params.message),
  );
}

function aadOf({ group, parent }: EntryPlace): Uint8Array {
  return concatBytes(fromHex(group), fromHex(parent));
}
