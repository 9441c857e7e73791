import type { Socket } from "node:net";

/** The first bytes of an HTTP/2 connection with prior knowledge (RFC 9113 §3.4); no HTTP/1.1 request starts so. */
const HTTP2_PREFACE_START = 0x50; // P of PRI
const HTTP2_PREFACE_SECOND = 0x52; // R: POST and PUT differ here

/** Finds out which HTTP version a connection speaks, and hands it on with all that came; closes it if nothing comes. */
export function sniffHttp(params: {
  socket: Socket;
  firstByteMs: number;
  hand: (isHttp2: boolean) => void;
}): void {
  const { socket, firstByteMs, hand } = params;
  const onError = (): void => void socket.destroy();
  socket.on("error", onError);
  socket.once("end", onError);
  socket.setTimeout(firstByteMs, onError);
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < 2 && seen[0] === HTTP2_PREFACE_START) return;
    socket.off("data", onData);
    socket.setTimeout(0);
    socket.off("timeout", onError);
    socket.off("end", onError);
    socket.pause();
    socket.unshift(seen);
    const isHttp2 = seen[0] === HTTP2_PREFACE_START && seen[1] === HTTP2_PREFACE_SECOND;
    hand(isHttp2);
    // An HTTP/2 session reads the handle itself.
    if (!isHttp2) socket.resume();
  };
  socket.on("data", onData);
}
