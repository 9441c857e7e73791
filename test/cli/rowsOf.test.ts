import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "../../src/cli/account/formatItem.ts";
import { rowsOf, typedRowsOf } from "../../src/cli/chat/rowsOf.ts";

test("rows are counted as a terminal breaks lines, without colours, and not where terminals differ", () => {
  assert.equal(rowsOf("", 10), 1);
  assert.equal(rowsOf("0123456789", 10), 1);
  assert.equal(rowsOf("0123456789a", 10), 2);
  assert.equal(rowsOf("\u001b[31m0123456789\u001b[39m\nab", 10), 2);
  assert.equal(rowsOf("● ✓✓ ├─", 10), undefined);
  assert.equal(rowsOf("● ✓✓ größer …", 20), 1);
  assert.equal(rowsOf("漢字漢字漢", 10), 1);
  assert.equal(rowsOf("漢字👋", 5), 2, "what takes two columns is not cut in halves");
  assert.equal(typedRowsOf("› 345678", 10), 1);
  assert.equal(typedRowsOf("› 34567890", 10), 2);
  for (const text of ["👩\u200d🚀", "👍🏽", "🇦🇹", "❤\ufe0f", "e\u0301", "a\tb", "\u202e"])
    assert.equal(rowsOf(text, 10), undefined, text);
});

test("what others write can't steer the terminal", () => {
  assert.equal(plain("a\u001b[2Jb\u0007\r\u009b\u202e"), "a\ufffd[2Jb\ufffd\ufffd\ufffd\ufffd");
  assert.equal(plain("two\nlines 👩\u200d🚀 größer"), "two\nlines 👩\u200d🚀 größer");
});
