import { DEFAULT_FINALITY_BLOCKS } from "../../wire/network.ts";
import {
  choice,
  count,
  days,
  fraction,
  hostAndPort,
  hostAndPortOrOff,
  list,
  markOnDisk,
  optional,
  shardsSetting,
  text,
} from "./setting.ts";

/**
 * All settings of a node. Rates and bytes count per client address unless they say otherwise; 0 blocks or days are allowed
 * where they make sense.
 */
export const nodeSettings = {
  networkFile: text("WEFT_NETWORK", undefined, "address file of the deployment"),
  dataDir: text("WEFT_DATA", ".weft/node", "directory of keys (node.json) and database"),
  rpcUrl: list(
    "WEFT_RPC",
    "http://127.0.0.1:8545",
    "JSON-RPC addresses of the chain, the preferred one first; the next one is used while the one before it fails, lags or loses transactions",
  ),
  operatorKey: optional(
    "WEFT_OPERATOR_KEY",
    "account that registers the node and pays for its checkpoints (hex)",
  ),
  relayKey: optional(
    "WEFT_RELAY_KEY",
    "account that pays for what clients have relayed, never the operator's (hex); the data directory has one otherwise",
  ),
  relayPolicy: choice(
    "WEFT_RELAY_POLICY",
    ["work", "open", "closed"],
    "for whom this node pays, within its budget: for newcomers after some work if there are many, at once, or for nobody",
  ),
  relayGasPerHour: count(
    "WEFT_RELAY_GAS_PER_HOUR",
    "400000000",
    "gas that relaying may take in any hour; an address alone gets a quarter at once, and what comes back in the hour; one entry's successors get a twentieth",
  ),
  newcomerGasPerHour: count(
    "WEFT_NEWCOMER_GAS_PER_HOUR",
    "100000000",
    "the part of it for first entries of groups and for new inboxes; an address alone gets a quarter at once, and what comes back in the hour",
  ),
  relayGweiPerHour: count(
    "WEFT_RELAY_GWEI_PER_HOUR",
    "1000000000",
    "coin that relaying may offer for its gas in any hour, in gwei; shared out as the gas is; 0: as much as that gas costs",
  ),
  relayFloorGwei: count(
    "WEFT_RELAY_FLOOR_GWEI",
    "10000000",
    "what stays in the relaying account, in gwei of coin, to replace what is stuck; more where a million gas costs more",
  ),
  relayStartGwei: count(
    "WEFT_RELAY_START_GWEI",
    "50000000",
    "what the operator's account gives once, in gwei of coin, to a relaying account that was never used, if it has ten times as much; 0: nothing",
  ),
  workFrom: fraction(
    "WEFT_WORK_FROM",
    "0.75",
    "when work is asked of newcomers: once no more than this share of their part is left; 1: always",
  ),
  maxFeeGwei: count("WEFT_MAX_FEE_GWEI", "5000", "the most that a unit of gas may cost, in gwei"),
  listen: list("WEFT_LISTEN", "/ip4/0.0.0.0/tcp/7400", "multiaddrs to listen on for peers"),
  announce: list("WEFT_ANNOUNCE", "", "multiaddrs to register instead of those listened on"),
  http: hostAndPort(
    "WEFT_HTTP",
    "127.0.0.1:7401",
    "host and port of the public API; port 0 picks a free one",
  ),
  publicUrl: optional("WEFT_PUBLIC_URL", "URL of the public API to register instead of the one listened on"),
  shards: shardsSetting(
    "WEFT_SHARDS",
    "all",
    "shards that the node serves, as 0,3,8-11, or all: messages of others it neither takes nor keeps",
  ),
  metrics: hostAndPortOrOff(
    "WEFT_METRICS",
    "127.0.0.1:7402",
    "host and port of the metrics, for the operator only, or off; port 0 picks a free one",
  ),
  trustedProxies: list(
    "WEFT_TRUSTED_PROXIES",
    "",
    "addresses or networks (10.0.0.0/8) of proxies in front that are believed whom they speak for",
  ),
  proxyHeader: choice(
    "WEFT_PROXY_HEADER",
    ["x-forwarded-for", "forwarded"],
    "what these proxies write it into; they must drop or extend what clients wrote there",
  ),
  logLevel: text("WEFT_LOG_LEVEL", "info", "trace, debug, info, warn, error or silent"),
  finalityBlocks: count(
    "WEFT_FINALITY_BLOCKS",
    `${DEFAULT_FINALITY_BLOCKS}`,
    "blocks on top of one that make it final",
  ),
  dropAfterBlocks: count(
    "WEFT_DROP_AFTER_BLOCKS",
    "14400",
    "blocks after its end at which a node's record is dropped from the registry, at the operator's expense",
  ),
  chainPollMs: count("WEFT_CHAIN_POLL_MS", "100", "pause between looks at the newest block, in milliseconds"),
  blocksPerPage: count("WEFT_BLOCKS_PER_PAGE", "2000", "widest range of blocks asked of the chain at once"),
  maxIndexLagSeconds: count(
    "WEFT_MAX_INDEX_LAG_SECONDS",
    "30",
    "index older than this against the newest block: not ready",
  ),
  ownHeadTimeoutMs: count(
    "WEFT_OWN_HEAD_TIMEOUT_MS",
    "5000",
    "wait for a peer to confirm the node's own log after a start",
  ),
  postingSample: fraction(
    "WEFT_POSTING_SAMPLE",
    "0.125",
    "share of peers' envelopes whose signatures are checked",
  ),
  callsPerSecond: count("WEFT_CALLS_PER_SECOND", "500", "API calls; a dear one counts as several"),
  callBurst: count("WEFT_CALL_BURST", "5000", "API calls at once"),
  relaysPerSecond: count("WEFT_RELAYS_PER_SECOND", "20", "relayed transactions"),
  relayBurst: count("WEFT_RELAY_BURST", "500", "relayed transactions at once"),
  publishedBytesPerSecond: count(
    "WEFT_PUBLISHED_BYTES_PER_SECOND",
    "4000000",
    "bytes handed in to be published",
  ),
  publishedBytesBurst: count("WEFT_PUBLISHED_BYTES_BURST", "64000000", "bytes handed in at once"),
  messageBytesPerSecond: count("WEFT_MESSAGE_BYTES_PER_SECOND", "50000", "bytes of messages that are taken"),
  messageBytesBurst: count(
    "WEFT_MESSAGE_BYTES_BURST",
    "20000000",
    "bytes of messages that are taken at once",
  ),
  allMessageBytesPerSecond: count(
    "WEFT_ALL_MESSAGE_BYTES_PER_SECOND",
    "1000000",
    "bytes of messages that are taken, of all addresses together",
  ),
  allMessageBytesBurst: count(
    "WEFT_ALL_MESSAGE_BYTES_BURST",
    "40000000",
    "the same at once; this and a minute of the rate should be below what other nodes take of one",
  ),
  strangerBytesPerSecond: count(
    "WEFT_STRANGER_BYTES_PER_SECOND",
    "2000",
    "bytes of Welcomes, group infos and key packages that are taken",
  ),
  strangerBytesBurst: count("WEFT_STRANGER_BYTES_BURST", "8000000", "bytes of these that are taken at once"),
  allStrangerBytesPerSecond: count(
    "WEFT_ALL_STRANGER_BYTES_PER_SECOND",
    "16000",
    "bytes of these that are taken, of all addresses together",
  ),
  allStrangerBytesBurst: count("WEFT_ALL_STRANGER_BYTES_BURST", "16000000", "the same at once"),
  peerMessageBytesPerMinute: count(
    "WEFT_PEER_MESSAGE_BYTES_PER_MINUTE",
    "109000000",
    "bytes of messages that are taken of one other node in a minute",
  ),
  peerStrangerBytesPerMinute: count(
    "WEFT_PEER_STRANGER_BYTES_PER_MINUTE",
    "25000000",
    "bytes of Welcomes, group infos, key packages and unknown kinds that are taken of one other node in a minute",
  ),
  streamsPerAddress: count("WEFT_STREAMS_PER_ADDRESS", "2000", "open subscriptions and chain streams"),
  streams: count("WEFT_STREAMS", "20000", "open subscriptions and chain streams of all addresses"),
  connectionsPerAddress: count("WEFT_CONNECTIONS_PER_ADDRESS", "512", "open connections"),
  connections: count("WEFT_CONNECTIONS", "8192", "open connections of all addresses"),
  openBytesPerAddress: count(
    "WEFT_OPEN_BYTES_PER_ADDRESS",
    "67108864",
    "bytes of requests, watched topics and unread answers that are kept in memory",
  ),
  openBytes: count("WEFT_OPEN_BYTES", "268435456", "the same of all addresses"),
  failureExitSeconds: count(
    "WEFT_FAILURE_EXIT_SECONDS",
    "30",
    "seconds that a node stays, unhealthy, after something of it ended for good; then the process ends with status 1",
  ),
  groupDays: days("WEFT_GROUP_DAYS", "90", "days that messages are kept, or forever"),
  keyPackageDays: days("WEFT_KEY_PACKAGE_DAYS", "90", "days that key packages are kept, or forever"),
  welcomeDays: days("WEFT_WELCOME_DAYS", "90", "days that Welcomes and group infos are kept, or forever"),
  historyDays: days(
    "WEFT_HISTORY_DAYS",
    "7",
    "days that histories are kept that a device sends to another one of the same person, or forever",
  ),
  unknownDays: days(
    "WEFT_UNKNOWN_DAYS",
    "30",
    "days that kinds of envelopes are kept that this version does not know, or forever",
  ),
  entryDays: days(
    "WEFT_ENTRY_DAYS",
    "forever",
    "days that a group's entries are kept after the last entry, and after somebody last read them here, or forever; the chain has them still",
  ),
  freeDiskBytes: markOnDisk(
    "WEFT_FREE_DISK_BYTES",
    "room on the disk below which nothing is published here, and below half of which nothing of other nodes is stored; auto: 2 GB, or a twentieth of a smaller disk; 0: no mark",
  ),
} as const;

export type SettingName = keyof typeof nodeSettings;

export type NodeSettings = {
  readonly [Name in SettingName]: ReturnType<(typeof nodeSettings)[Name]["parse"]> | DefaultOf<Name>;
};

/** Settings without a default may be undefined. */
type DefaultOf<Name extends SettingName> = (typeof nodeSettings)[Name]["fallback"] extends string
  ? never
  : undefined;
