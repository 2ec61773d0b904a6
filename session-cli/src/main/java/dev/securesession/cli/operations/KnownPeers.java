package dev.securesession.cli.operations;

import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerId;
import dev.securesession.cli.command.Failure;
import dev.securesession.tunnel.TunnelPeers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The peers of a server: their keys, their remarks, and the targets that each of them may reach. Immutable. */
public final class KnownPeers implements TunnelPeers {
    private final Map<PeerId, Peer> peers;

    private KnownPeers(Map<PeerId, Peer> peers) {
        this.peers = Map.copyOf(peers);
    }

    /** Returns peers that may reach all targets. */
    public static KnownPeers of(Map<PeerId, List<IdentityPublicKey>> keys) {
        Map<PeerId, Peer> peers = new HashMap<>();
        keys.forEach((id, ofPeer) -> peers.put(id, new Peer(ofPeer, null, "", "--peer")));
        return new KnownPeers(peers);
    }

    @Override
    public List<IdentityPublicKey> find(PeerId peer) {
        Peer found = peers.get(peer);
        return found == null ? List.of() : found.keys;
    }

    @Override
    public boolean mayReach(PeerId peer, String target) {
        Peer found = peers.get(peer);
        return found != null && (found.targets == null || found.targets.contains(target));
    }

    /** Returns the remark of a peer. */
    public Optional<String> remark(PeerId peer) {
        Peer found = peers.get(peer);
        return found == null || found.remark.isEmpty() ? Optional.empty() : Optional.of(found.remark);
    }

    /** Returns how many peers there are. */
    public int size() {
        return peers.size();
    }

    /** Refuses peers that are limited to a target that the server does not have: a typing error would lock them out. */
    public void requireTargets(Set<String> names) throws Failure {
        for (Map.Entry<PeerId, Peer> entry : peers.entrySet()) {
            Peer peer = entry.getValue();
            for (String target : peer.targets == null ? Set.<String>of() : peer.targets) {
                if (!names.contains(target)) {
                    throw new Failure(peer.place + ": targets: " + entry.getKey() + " may reach \"" + shown(target)
                            + "\", which is not a target of this server; expected one of " + shown(names));
                }
            }
        }
    }

    /** Says in a few words what is different from earlier peers: who is new, who is gone, and whose keys or targets are others. */
    public List<String> changesSince(KnownPeers earlier) {
        List<String> added = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        List<String> removed = new ArrayList<>();
        peers.forEach((id, peer) -> {
            Peer before = earlier.peers.get(id);
            if (before == null) {
                added.add(id.toString());
            } else if (!before.keys.equals(peer.keys) || !Objects.equals(before.targets, peer.targets)) {
                changed.add(id.toString());
            }
        });
        earlier.peers.keySet().stream()
                .filter(id -> !peers.containsKey(id))
                .map(PeerId::toString)
                .forEach(removed::add);
        List<String> changes = new ArrayList<>();
        add(changes, "added ", added);
        add(changes, "removed ", removed);
        add(changes, "other keys or targets of ", changed);
        return changes;
    }

    private static void add(List<String> changes, String what, List<String> ids) {
        if (!ids.isEmpty()) {
            String more = ids.size() > MAX_NAMED ? " and " + (ids.size() - MAX_NAMED) + " more" : "";
            changes.add(what
                    + String.join(", ", ids.stream().sorted().limit(MAX_NAMED).toList())
                    + more);
        }
    }

    private static String shown(Set<String> names) {
        return names.stream().map(KnownPeers::shown).sorted().toList().toString();
    }

    private static String shown(String target) {
        return target.isEmpty() ? PeersFile.UNNAMED_TARGET : target;
    }

    private static final int MAX_NAMED = 5;

    /** Collects peers, and refuses what contradicts itself. */
    static final class Builder {
        private final Map<PeerId, Peer> peers = new LinkedHashMap<>();

        void add(PeerId id, IdentityPublicKey key, @Nullable Set<String> targets, String remark, String place)
                throws Failure {
            Peer known = peers.get(id);
            if (known == null) {
                peers.put(id, new Peer(List.of(key), targets == null ? null : Set.copyOf(targets), remark, place));
                return;
            }
            if (known.keys.contains(key)) {
                throw new Failure(place + ": this key of " + id + " is there already (" + known.place + ")");
            }
            if (known.keys.size() == MAX_KEYS) {
                throw new Failure(place + ": more than " + MAX_KEYS + " keys of " + id);
            }
            if (known.targets == null ? targets != null : !known.targets.equals(targets)) {
                throw new Failure(place + ": the targets of " + id + " differ from those of its first key ("
                        + known.place + "); give all keys of a peer the same targets");
            }
            List<IdentityPublicKey> keys = new ArrayList<>(known.keys);
            keys.add(key);
            peers.put(id, new Peer(keys, known.targets, known.remark.isEmpty() ? remark : known.remark, known.place));
        }

        KnownPeers build() {
            return new KnownPeers(peers);
        }
    }

    /** One peer; without a set of targets it may reach all. */
    private static final class Peer {
        private final List<IdentityPublicKey> keys;
        private final @Nullable Set<String> targets;
        private final String remark;
        private final String place;

        Peer(List<IdentityPublicKey> keys, @Nullable Set<String> targets, String remark, String place) {
            this.keys = List.copyOf(keys);
            this.targets = targets;
            this.remark = remark;
            this.place = place;
        }
    }
}
