package dev.securesession.benchmarks;

import dev.securesession.benchmarks.Results.Figure;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Draws the comparison with other stacks as SVG: a panel for each group, a bar for each stack and run. */
final class Chart {
    private static final List<String> GROUPS =
            List.of("Handshake, both ends", "Round trip, 64 B", "Round trip, 16 KiB", "Round trip, 1 MiB");
    private static final List<String> COLOURS = List.of("#1b6ca8", "#7fb3d5", "#444444", "#aaaaaa");

    private static final int WIDTH = 760;
    private static final int LEFT = 250;
    private static final int MAX_BAR_LENGTH = 400;
    private static final int BAR = 9;
    private static final int MARGIN = 16;

    private final List<Results> runs;
    private final StringBuilder shapes = new StringBuilder();
    private int y = MARGIN;

    private Chart(List<Results> runs) {
        this.runs = runs;
    }

    static String draw(List<Results> runs) {
        Chart chart = new Chart(List.copyOf(runs));
        chart.drawLegend();
        for (String group : GROUPS) {
            chart.drawPanel(group);
        }
        return chart.whole();
    }

    private void drawLegend() {
        int x = LEFT;
        for (int run = 0; run < runs.size(); run++) {
            bar(x, y, BAR, colour(run));
            text(x + BAR + 5, y + BAR, "start", 11, runs.get(run).environment().jdkVersion());
            x += 90;
        }
        y += 2 * BAR;
    }

    private void drawPanel(String group) {
        double largest = runs.stream()
                .flatMap(run -> run.figures().stream())
                .filter(figure -> figure.group().equals(group))
                .mapToDouble(Figure::value)
                .max()
                .orElse(0);
        if (largest == 0) {
            return;
        }
        y += 24;
        String hint = group.startsWith("Handshake") ? "per second: more is better" : "less is better";
        text(MARGIN, y, "start", 13, group + " (" + hint + ")");
        y += 8;
        for (Stack stack : Stack.values()) {
            if (!stack.isChoice()
                    || runs.stream()
                            .noneMatch(run -> run.find(group, stack.label()).isPresent())) {
                continue;
            }
            int middle = y + (runs.size() * BAR) / 2 + 4;
            text(LEFT - 8, middle, "end", 11, stack.label());
            for (int run = 0; run < runs.size(); run++) {
                Optional<Figure> figure = runs.get(run).find(group, stack.label());
                if (figure.isPresent()) {
                    double value = figure.get().value();
                    int length = (int) Math.max(1, Math.round(value / largest * MAX_BAR_LENGTH));
                    bar(LEFT, y, length, colour(run));
                    text(
                            LEFT + length + 5,
                            y + BAR - 1,
                            "start",
                            9,
                            Report.number(value) + " " + figure.get().unit().symbol());
                }
                y += BAR;
            }
            y += 5;
        }
    }

    private static String colour(int run) {
        return COLOURS.get(run % COLOURS.size());
    }

    private void bar(int x, int top, int length, String colour) {
        shapes.append(String.format(
                Locale.ROOT,
                "  <rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>%n",
                x,
                top,
                length,
                BAR - 1,
                colour));
    }

    private void text(int x, int baseline, String anchor, int size, String words) {
        shapes.append(String.format(
                Locale.ROOT,
                "  <text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"%d\">%s</text>%n",
                x,
                baseline,
                anchor,
                size,
                words.replace("&", "&amp;").replace("<", "&lt;")));
    }

    private String whole() {
        int height = y + MARGIN;
        return String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                        + " font-family=\"sans-serif\">%n  <rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n%s</svg>%n",
                WIDTH,
                height,
                WIDTH,
                height,
                shapes);
    }
}
