import { create } from "@bufbuild/protobuf";
import { sha256, signP256, verifyP256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { keccak256 } from "../crypto/keccak256.ts";
import { recoverAddress, signDigest } from "../crypto/secp256k1.ts";
import { WeftError } from "../errors.ts";
import { GroupEnvelopeSchema } from "../gen/weft/v1/envelope_pb.ts";
import { utf8 } from "./bytes.ts";
import { checkLength, decodeStrict, encodeCanonical } from "./decodeStrict.ts";
import type { Envelope } from "./envelope.ts";
import { type Address, asId, type EntryId, fromHex, type GroupId, ID_BYTES, toHex } from "./ids.ts";
import { MAX_ENVELOPE_BYTES } from "./limits.ts";
import { type Network, networkBytes } from "./network.ts";
import { remember } from "./remember.ts";
import { groupTopic } from "./topic.ts";

/**
 * The keys by which members of one epoch post, the same for all of them: see docs/protocol/formats.md, "Group
 * envelope".
 */
export type PostingCredential = {
  readonly head: EntryId;
  /** P-256 private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 65 bytes by the head's authority. */
  readonly certificate: Uint8Array;
};

export type GroupEnvelope = {
  readonly head: EntryId;
  readonly privateMessage: Uint8Array;
  readonly postingKey: Uint8Array;
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
};

type Place = { network: Network; group: GroupId; head: EntryId };

const POSTING_KEY_BYTES = 33;
const CERTIFICATE_BYTES = 65;
const SIGNATURE_BYTES = 64;
/** MLSMessage starts with version mls10 (1) and the wire format, both u16 (RFC 9420 §6). */
const MLS_PUBLIC_MESSAGE = [0, 1, 0, 1];
const MLS_PRIVATE_MESSAGE = [0, 1, 0, 2];

/** Signs the authority's word for an epoch's posting key: the same bytes come from every member. */
export function certifyPostingKey(
  params: Place & { postingKey: Uint8Array; authorityKey: Uint8Array },
): Uint8Array {
  return signDigest({ privateKey: params.authorityKey, digest: certificateDigest(params) });
}

/** Wraps an MLS PrivateMessage for the group's topic. */
export function buildGroupEnvelope(params: {
  network: Network;
  group: GroupId;
  posting: PostingCredential;
  privateMessage: Uint8Array;
}): Envelope {
  const { network, group, posting, privateMessage } = params;
  const { head, publicKey: postingKey, certificate } = posting;
  const message = postMessage({ network, group, head, privateMessage });
  const signature = signP256({ privateKey: posting.privateKey, message });
  const payload = encodeCanonical(
    GroupEnvelopeSchema,
    create(GroupEnvelopeSchema, { head: fromHex(head), privateMessage, postingKey, certificate, signature }),
  );
  return { topic: groupTopic(group), payload };
}

/**
 * Decodes a group envelope. Throws `malformed`, `too-large`, or `chain-payload-on-mesh` for a commit in place of a
 * message.
 */
export function decodeGroupEnvelope(payload: Uint8Array): GroupEnvelope {
  if (startsWith(payload, MLS_PUBLIC_MESSAGE)) throw commitOnMesh();
  const decoded = decodeStrict({ schema: GroupEnvelopeSchema, bytes: payload, maxBytes: MAX_ENVELOPE_BYTES });
  const { privateMessage, postingKey, certificate, signature } = decoded;
  checkLength({ bytes: decoded.head, length: ID_BYTES, what: "a group envelope's head" });
  checkLength({ bytes: postingKey, length: POSTING_KEY_BYTES, what: "a posting key" });
  checkLength({ bytes: certificate, length: CERTIFICATE_BYTES, what: "a posting key's certificate" });
  checkLength({ bytes: signature, length: SIGNATURE_BYTES, what: "a posting signature" });
  if (startsWith(privateMessage, MLS_PUBLIC_MESSAGE)) throw commitOnMesh();
  if (!startsWith(privateMessage, MLS_PRIVATE_MESSAGE)) {
    throw new WeftError({ code: "malformed", message: "a group envelope holds no MLS PrivateMessage" });
  }
  return { head: asId(decoded.head), privateMessage, postingKey, certificate, signature };
}

/** Certificates that were checked, with the outcome. */
export type KnownCertificates = Map<string, boolean>;

const MAX_KNOWN_CERTIFICATES = 20_000;

/**
 * Checks an envelope: `stranger` if the head's authority did not certify the posting key, `bad-signature` if that key
 * did not sign the message.
 */
export function verifyGroupEnvelope(params: {
  network: Network;
  group: GroupId;
  envelope: GroupEnvelope;
  authority: Address;
  known?: KnownCertificates;
}): "valid" | "stranger" | "bad-signature" {
  const { known = new Map() } = params;
  if (!isCertified({ ...params, known })) return "stranger";
  return verifyPosting(params) ? "valid" : "bad-signature";
}

/**
 * True if the head's authority certified the posting key. The certificate is the same in all envelopes of an epoch and
 * costs a millisecond to check, so what was found is kept in `known`.
 */
function isCertified(params: {
  network: Network;
  group: GroupId;
  envelope: GroupEnvelope;
  authority: Address;
  known: KnownCertificates;
}): boolean {
  const { network, group, envelope, authority, known } = params;
  const { head, postingKey, certificate } = envelope;
  const key = [group, head, authority, toHex(postingKey), toHex(certificate)].join();
  const found = known.get(key);
  if (found !== undefined) return found;
  const digest = certificateDigest({ network, group, head, postingKey });
  const certified = recoverAddress({ digest, signature: certificate }) === authority;
  remember({ known, key, value: certified, limit: MAX_KNOWN_CERTIFICATES });
  return certified;
}

/** True if the posting key that the envelope names signed its message. */
function verifyPosting(params: { network: Network; group: GroupId; envelope: GroupEnvelope }): boolean {
  const { network, group, envelope } = params;
  const { head, privateMessage, postingKey, signature } = envelope;
  const message = postMessage({ network, group, head, privateMessage });
  return verifyP256({ publicKey: postingKey, message, signature });
}

function certificateDigest(params: Place & { postingKey: Uint8Array }): Uint8Array {
  return keccak256(concatBytes(utf8("weft.certificate.v1"), placeBytes(params), params.postingKey));
}

function postMessage(params: Place & { privateMessage: Uint8Array }): Uint8Array {
  return concatBytes(utf8("weft.post.v1"), placeBytes(params), sha256(params.privateMessage));
}

function placeBytes({ network, group, head }: Place): Uint8Array {
  const { chainId, commitLog: contract } = network;
  return concatBytes(networkBytes({ chainId, contract }), fromHex(group), fromHex(head));
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}

function commitOnMesh(): WeftError {
  return new WeftError({ code: "chain-payload-on-mesh", message: "a commit was published to the mesh" });
}
