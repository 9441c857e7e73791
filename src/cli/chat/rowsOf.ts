import { stripVTControlCharacters } from "node:util";

/** Characters that take one column in every terminal, and two. */
const narrow = /^[ -~\u00a1-\u00ac\u00ae-\u017f\u0370-\u0482\u048a-\u052f–—‘’“”…·›─●✓✗\ufffd]$/u;
const wide = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}]$/u;
const joins = /^[\p{Emoji_Modifier}\p{Regional_Indicator}\u1100-\u11ff\uff61-\uff9f]$/u;

/** Where the cursor is behind a line of text, from 0; `column` may be just beyond the last. */
type Place = { readonly row: number; readonly column: number };

/** Undefined where terminals differ. */
function placeBehind(line: string, columns: number): Place | undefined {
  let row = 0;
  let column = 0;
  for (const character of stripVTControlCharacters(line)) {
    const width = narrow.test(character) ? 1 : wide.test(character) && !joins.test(character) ? 2 : undefined;
    if (width === undefined) return undefined;
    if (column + width > columns) {
      row++;
      column = 0;
    }
    column += width;
  }
  return { row, column };
}

/** How many rows a printed text takes; undefined where terminals differ. */
export function rowsOf(text: string, columns: number): number | undefined {
  let rows = 0;
  for (const line of text.split("\n")) {
    const end = placeBehind(line, columns);
    if (end === undefined) return undefined;
    rows += end.row + 1;
  }
  return rows;
}

/** How many rows a typed line took with its prompt: behind a full row, readline goes on to the next. */
export function typedRowsOf(line: string, columns: number): number | undefined {
  const end = placeBehind(line, columns);
  return end && end.row + (end.column === columns ? 2 : 1);
}
