import { playAll } from "./playAll.ts";

/** Plays for the tests alone, some of them wrong on purpose. */
await playAll({
  folder: new URL("plays/", import.meta.url),
  unmetIn: {
    "wrong-expectation": [
      /^line 4 \(expect\): bob does not see "goodbye"$/,
      /^line 4 \(expect\): bob sees "hello"$/,
    ],
    "wrong-fails": [
      /^line 2 \(send\): bob's intent was delivered, not failed as removed$/,
      /^line 3 \(rename\): bob's intent failed as not-permitted, not failed as too-large$/,
    ],
  },
});
