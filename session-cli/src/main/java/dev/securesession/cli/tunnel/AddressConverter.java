package dev.securesession.cli.tunnel;

import dev.securesession.tunnel.TunnelAddress;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Addresses as text. */
final class AddressConverter implements ITypeConverter<TunnelAddress> {
    @Override
    public TunnelAddress convert(String text) {
        try {
            return TunnelAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }
}
