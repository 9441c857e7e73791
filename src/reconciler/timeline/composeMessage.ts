import { type GroupId, type MessageId, toHex } from "../../wire/ids.ts";
import { MAX_DEPTH, MAX_PARENTS } from "../../wire/limits.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import type { Member } from "../policy/roleOf.ts";
import type { Opening } from "../records/timelineRecord.ts";

/** What a message says, besides who says it, where and when. */
export type MessageBody = Pick<MessageContent, "relation" | "parts" | "extra" | "version">;

/** What a new message needs of those before it; a MessageRecord is one. */
export type Forerunner = {
  readonly id: MessageId;
  readonly content: Pick<MessageContent, "depth">;
  readonly openings: readonly [Pick<Opening, "epoch" | "verdict">, ...unknown[]];
};

const NONCE_BYTES = 16;

/**
 * A new message behind all that its author sees: the last messages are its parents. Depth starts anew in each epoch,
 * so that a member who claims a huge one disturbs only that epoch.
 */
export function composeMessage(params: {
  group: GroupId;
  author: Member;
  /** The epoch that it is written in. */
  epoch: number;
  /** The last messages of the timeline, in its order; MAX_PARENTS of them are used. */
  latest: readonly Forerunner[];
  body: MessageBody;
  sentAtMs: number;
  /** Gives so many bytes that nobody can foresee. */
  drawBytes: (length: number) => Uint8Array;
}): MessageContent {
  const { group, author, epoch, body, sentAtMs } = params;
  const parents = params.latest
    .filter((record) => record.openings[0].verdict === "counts")
    .slice(-MAX_PARENTS);
  const depths = parents
    .filter((record) => record.openings[0].epoch === epoch)
    .map((record) => record.content.depth);
  return {
    group,
    inbox: author.inbox,
    installation: author.installation,
    nonce: toHex(params.drawBytes(NONCE_BYTES)),
    depth: Math.min(MAX_DEPTH, 1 + Math.max(0, ...depths)),
    parents: parents.map((record) => record.id),
    sentAtMs,
    ...body,
  };
}
