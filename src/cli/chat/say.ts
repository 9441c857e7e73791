import { wallMs } from "../../clock/wallMs.ts";
import { sendMessage } from "../../index.ts";
import { formatMessage } from "../account/formatItem.ts";
import { followIntent, putLine, type Session } from "./session.ts";

/** Says something to the current group. */
export async function say(session: Session, text: string): Promise<void> {
  const { account, current, screen } = session;
  if (current === undefined) {
    screen.print(
      "You are in no group yet: /new <name> <member…> founds one, /help lists what else there is.",
    );
    return;
  }
  const { client, names } = account;
  const sentAtMs = wallMs();
  const handle = await sendMessage({ client, group: current, text });
  const message = { author: client.inbox, sentAtMs, text, state: "visible" } as const;
  putLine(session, handle.messageId, {
    mark: "queued",
    what: text,
    render: (mark) => formatMessage({ message, names, mark }),
  });
  followIntent(session, handle.messageId, handle);
}
