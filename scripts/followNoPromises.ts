/**
 * Loaded before each test file by `npm test`. Node's test runner follows every promise to the test that made it, so
 * that it can name that test if the promise's code throws uncaught; that takes a quarter of the whole run. Without it
 * such an error still fails its file, by the file's name.
 */
import hooks from "node:async_hooks";
import { syncBuiltinESMExports } from "node:module";

const idle: hooks.AsyncHook = { enable: () => idle, disable: () => idle };
hooks.createHook = () => idle;
syncBuiltinESMExports();
