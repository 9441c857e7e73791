import { constants, type ServerHttp2Session } from "node:http2";
import { steadyMs } from "../clock/steadyMs.ts";
import { WeftError } from "../errors.ts";
import { createTokenBuckets, type OnRefusal } from "./rateLimit.ts";

/** How many frames of one session are answered; a client of this protocol sends a ping every three seconds. */
const ANSWERED_FRAMES = { perSecond: 5, burst: 100 };
/** How long a session may take to end once it is told to. */
const CLOSE_MS = 5_000;

/** Ends an HTTP/2 session once no call was open for `idleMs`, or if it sends too many frames that need an answer. */
export function guardSession(params: {
  session: ServerHttp2Session;
  idleMs: number;
  onRefusal: OnRefusal;
}): void {
  const { session, idleMs, onRefusal } = params;
  const frames = createTokenBuckets({ ...ANSWERED_FRAMES, what: "frames", nowMs: steadyMs, onRefusal });
  let streams = 0;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    session.close();
    timer = setTimeout(() => session.destroy(), CLOSE_MS);
  };
  const rest = (): void => {
    timer = setTimeout(end, idleMs);
  };
  const count = (): void => {
    try {
      frames.take({ key: "session", cost: 1 });
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  };
  rest();
  session.on("ping", count);
  session.on("remoteSettings", count);
  session.on("stream", (stream) => {
    clearTimeout(timer);
    streams++;
    stream.once("close", () => {
      streams--;
      if (streams === 0 && !session.closed) rest();
    });
  });
  session.once("close", () => clearTimeout(timer));
}
