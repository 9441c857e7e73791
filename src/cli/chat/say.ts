import { wallMs } from "../../clock/wallMs.ts";
import { type MessageId, sendMessage } from "../../index.ts";
import { formatMessage } from "../account/formatItem.ts";
import { followIntent, putLine, type Session } from "./session.ts";

/** Says something to the current group, in answer to another message if one is named. */
export async function say(session: Session, text: string, replyTo?: MessageId): Promise<void> {
  const { account, current, screen } = session;
  if (current === undefined) {
    screen.print(
      "You are in no group yet: /new <name> <member…> founds one, /help lists what else there is.",
    );
    return;
  }
  const { client, names } = account;
  const sentAtMs = wallMs();
  const named = replyTo === undefined ? {} : { replyTo };
  const answers = replyTo && session.lines.get(replyTo)?.text;
  const handle = await sendMessage({ client, group: current, text, ...named });
  const message = { author: client.inbox, sentAtMs, text, state: "visible", ...named } as const;
  putLine(session, handle.messageId, {
    mark: "queued",
    ...{ what: text, text },
    render: (mark) => formatMessage({ message, names, mark, answers }),
  });
  followIntent(session, handle.messageId, handle);
}
