package cloud.ignition.cli.render;

import java.util.ArrayList;
import java.util.List;

/** Columns as wide as their widest cell, two spaces between them. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    /** A table with its head. */
    public Table(String... head) {
        rows.add(List.of(head));
    }

    /** Adds a row with one cell per column. */
    public Table row(String... cells) {
        if (cells.length != rows.getFirst().size()) {
            throw new IllegalArgumentException("a row has " + cells.length + " cells, the head "
                    + rows.getFirst().size());
        }
        rows.add(List.of(cells).stream().map(Text::oneLine).toList());
        return this;
    }

    /** The whole table; every line ends in a line break and has no trailing spaces. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                String cell = row.get(column);
                line.append(cell).append(" ".repeat(width(column) - cell.length() + 2));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }
}
