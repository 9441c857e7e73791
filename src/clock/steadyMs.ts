/**
 * Gives milliseconds since 1970 as the machine had them when this process began, and from then on by the monotonic
 * clock: it never jumps, whatever becomes of the machine's clock. It is for whatever lasts or waits, and may stop while
 * a device sleeps. A time that was kept on disk is compared with that of a later process, whose beginning may have been
 * told wrong: a time that lies further ahead than it can is void.
 */
export function steadyMs(): number {
  return Math.round(performance.timeOrigin + performance.now());
}
