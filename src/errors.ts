/**
 * What each fault means to the person who meets it: the code is the key, the value says what to do next.
 * Expected outcomes (a lost race, a held message) are tagged unions in their rooms and never thrown.
 */
export const errorHints = {
  "attachment-damaged": "What lies there is not what was sent: ask its sender to send it again.",
  "attachment-unreachable":
    "No address of the attachment gives it: try again later, or ask its sender to send it again.",
  "bad-archive":
    "Take another copy of the archive, or write it anew on a device that has the history: this one is cut off, damaged or none. What was read of it before stays.",
  "bad-backup":
    "Take another copy of the backup, or an older one: this file is cut off, damaged, or of another version of Weft.",
  "bad-config": "Correct the named setting; `weft --help` lists them with their defaults.",
  "bad-history":
    "A node told of an inbox what the chain can't have said: use another node, and name this one to its operator.",
  "bad-scenario": "Correct the named line; docs/scenarios.md has every step with its fields.",
  "bad-signature": "Sign again with the key that the record names; a copy from elsewhere is not accepted.",
  "bad-cursor": "Start again without a cursor, or hand over the vector of the last watermark.",
  blocked: "Allow the conversation first: `setConsent`, or `weft allow`.",
  "chain-payload-on-mesh": "Commits and identity records go to the chain: use relay, not publish.",
  "chain-unreachable": "Check that the chain's RPC address is right and answers, then start again.",
  closed: "The object was closed; open it again before use.",
  "damaged-database":
    "Keep a copy of the directory, then remove it: a node fetches all of it again (keep node.json), a person's device is set up anew by its wallet.",
  "deployment-failed":
    "Mend what the message says, then run the same command again: it goes on where it stopped.",
  "disk-full": "Make room on the disk: it goes on by itself then.",
  "disk-low": "Use another node: this one takes envelopes again once there is room on its disk.",
  duplicate: "It is stored already; nothing needs to be done.",
  expired: "Sign the record again with a later deadline.",
  "fee-too-high":
    "Blocks cost more than this account may pay: wait until they cost less, raise WEFT_MAX_FEE_GWEI, or use another node.",
  "foreign-archive":
    "An archive is read by the inbox whose device has written it: use that inbox's device. If the device was added lately, go online first.",
  internal: "This is a defect in Weft: please report it with the log lines around it.",
  "limit-exceeded": "Wait and try again, or use another node.",
  malformed:
    "Encode it as docs/protocol/formats.md or, for the chain, docs/protocol/entries.md lays it out; nothing was stored.",
  "mesh-payload-on-chain": "Messages, key packages and Welcomes go to the mesh: use publish, not relay.",
  "newer-archive": "A later version of Weft has written it: install that version, then read it.",
  "no-node": "Start a node or name one that runs (`--node URL`), then try again.",
  "no-passkey":
    "Confirm the browser's dialog; it needs a page of the passkey's domain (https or localhost) and a device that checks who you are.",
  "node-unreachable": "The node does not answer or broke off: use another node, or try again when it runs.",
  "not-a-member": "Only members of the head's epoch may post to a group; open the group's Welcome first.",
  "not-allowed": "The signer may not do this: use a wallet, operator or record that the contract accepts.",
  "not-ready": "The node is catching up with the chain or with its peers; try again or use another node.",
  "old-network":
    "These contracts are of an earlier version of Weft, another network: get the new one's address file, or deploy into another folder.",
  "over-budget":
    "Too much was relayed lately: wait, use another node, or pay by an account of your own (`openClient({ chain })`).",
  "outside-profile":
    "Weft uses a restricted profile of MLS; docs/protocol/entries.md lists what the profile leaves out.",
  pruned: "The range is older than this node keeps; ask a node with longer retention.",
  "relay-closed":
    "This node pays for nobody: use another node, or pay by an account of your own (`openClient({ chain })`).",
  replayed: "This record was used before; build a new one with the next nonce.",
  revoked: "The key was revoked for ever; make a new one.",
  storage: "The database could not be read or written; check disk and permissions, then start again.",
  "too-many-installations":
    "The inbox has as many devices as the chain allows. The wallet alone can revoke lost ones: `weft devices` lists them and `weft revoke` ends them (`listInstallations`, `revokeInstallations` with wallet and network); then try again.",
  "too-large": "Split or shorten the payload; docs/protocol/constants.md lists every limit.",
  "unknown-group": "Open the Welcome of this group first, or check its id.",
  "unknown-head":
    "The node does not know this entry yet; try again when it has caught up, or use another node.",
  "unknown-message": "Delete a message after it was sent.",
  "unknown-name":
    "Use a name that you gave, that of somebody on this machine who was set up, a wallet address or an inbox id.",
  "unknown-parent": "The parent is not an entry of this group; fetch the group's entries first.",
  "unknown-record": "The chain does not know the inbox, installation or node; create it first.",
  "unknown-topic": "Use one of the topic kinds of docs/protocol/formats.md.",
  unfunded: "Send funds to the account that pays for transactions.",
  "unregistered-peer": "Register the node in the NodeRegistry before it joins the mesh.",
  "wrong-chain":
    "Client, node and contracts must be of one chain; check the address file and the RPC address.",
  "wrong-shard": "The node does not serve this shard: use one of those that do, as the registry names them.",
  "wrong-code":
    "Type the code that your new device shows now, and name that device; if it shows none, let it ask again.",
  "wrong-key": "Check the recovery text or the passphrase, letter by letter: it does not open this archive.",
  "wrong-network":
    "This database belongs to another network; use an empty data directory or the old address file.",
} as const;

export type ErrorCode = keyof typeof errorHints;

/** The one error class for faults. `code` is stable, `message` is for logs, `hint` says what to do next. */
export class WeftError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  /** When it is worth trying again, if that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(params: {
    code: ErrorCode;
    message: string;
    hint?: string;
    retryAfterMs?: number | undefined;
    cause?: unknown;
  }) {
    super(params.message, params.cause === undefined ? undefined : { cause: params.cause });
    this.name = "WeftError";
    this.code = params.code;
    this.hint = params.hint ?? errorHints[params.code];
    this.retryAfterMs = params.retryAfterMs;
  }
}

/** True if `error` is a WeftError, with this code if one is given. */
export function isWeftError(error: unknown, code?: ErrorCode): error is WeftError {
  return error instanceof WeftError && (code === undefined || error.code === code);
}

const storageFaults = ["storage", "disk-full", "damaged-database"] as const satisfies readonly ErrorCode[];

/** Of the disk, or of what lies on it. */
export type StorageFault = WeftError & { readonly code: (typeof storageFaults)[number] };

export function isStorageFault(error: unknown): error is StorageFault {
  return storageFaults.some((code) => isWeftError(error, code));
}
