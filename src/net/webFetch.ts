import { WeftError } from "../errors.ts";
import type { OpenFetch } from "./openFetch.ts";
import { DIRECT } from "./proxy.ts";

/** Throws `bad-config` for any proxy: browsers choose theirs themselves, and an app can't. */
export const openFetch: OpenFetch = ({ proxy }) => {
  if (proxy === undefined || proxy === DIRECT) return undefined;
  throw new WeftError({
    code: "bad-config",
    message: "a browser takes no proxy from an app",
    hint: "Leave out `proxy`, and set it in the browser.",
  });
};
