import { playAll } from "./playAll.ts";

await playAll({ folder: new URL("../../scripts/scenarios/", import.meta.url) });
