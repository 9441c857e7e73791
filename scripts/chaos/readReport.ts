import {
  type Client,
  countOutcomes,
  type GroupId,
  groupStatus,
  isWeftError,
  listIntents,
  listMessages,
} from "../../src/index.ts";
import type { Report } from "./judge.ts";

/** All that a client's database says of a group, for the judge; undefined if it does not know the group. */
export async function readReport(params: { client: Client; group: GroupId }): Promise<Report | undefined> {
  const { client, group } = params;
  try {
    const state = await groupStatus(params);
    const items = await listMessages(params);
    const intents = await listIntents({ client });
    const { rejected } = await countOutcomes(params);
    const { membership, epoch, head, joinedEpoch, members } = state;
    return {
      ...{ inbox: client.inbox, membership, epoch, head, joinedEpoch, members, rejected },
      epochs: state.epochs.map(({ epoch, entry, digest }) => ({
        ...{ epoch, entry },
        digest: digest.kind === "digest" ? digest.digest : undefined,
      })),
      messages: items.flatMap((item) =>
        item.kind === "message" ? [{ id: item.id, epoch: item.epoch, state: item.state }] : [],
      ),
      gaps: items.flatMap((item) =>
        item.kind === "gap" ? [{ epoch: item.epoch, reason: item.reason }] : [],
      ),
      intents: intents
        .filter((intent) => intent.group === group)
        .map(({ id, action, message, outcome }) => ({ id, action, message, outcome })),
    };
  } catch (error) {
    if (isWeftError(error, "unknown-group")) return undefined;
    throw error;
  }
}
