package dev.securesession.cli.command;

import java.util.Locale;

/** Numbers of bytes for people to read. */
public final class Amount {
    private Amount() {}

    /** Returns an amount with three digits or so. */
    public static String of(double bytes) {
        String[] units = {"bytes", "kB", "MB", "GB", "TB"};
        double number = bytes;
        int unit = 0;
        while (number >= 1000 && unit < units.length - 1) {
            number /= 1000;
            unit++;
        }
        String digits = unit == 0 || number >= 100 ? "%.0f %s" : "%.1f %s";
        return String.format(Locale.ROOT, digits, number, units[unit]);
    }
}
