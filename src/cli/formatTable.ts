import pc from "picocolors";

/** Rows with aligned columns; the first column is dimmed. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  const lines = rows.map((row) =>
    row.map((cell, column) => formatCell({ cell, column, row, widths })).join("  "),
  );
  return lines.join("\n");
}

function formatCell(params: {
  cell: string;
  column: number;
  row: readonly string[];
  widths: readonly number[];
}): string {
  const { cell, column, row, widths } = params;
  const padded = column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0);
  return column === 0 ? pc.dim(padded) : padded;
}
