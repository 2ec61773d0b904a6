package dev.securesession.store.redis;

/**
 * The scripts of the store, which run in the server, each as one atomic step.
 *
 * <p>Keys, each after the prefix of the store:
 *
 * <pre>{@code
 * layout        hash: version, restarts
 * record:ID     hash: history, format, peer (no bytes for none), epoch, version, key, expires, state
 * expires       sorted set: id by the time of expiry, in milliseconds since 1970
 * peer:BYTES    set: the ids of the records of a peer
 * keys          set: the names of keys that have sealed a record
 * key:NAME      set: the ids of the records that a key has sealed
 * }</pre>
 *
 * <p>Numbers are compared as text: those of Lua are not exact beyond 2^53.
 *
 * <p>The history of a record is the replication id of the server that has written the record. A server chooses a new replication id
 * when it starts as a primary and when it is promoted to primary; a replica takes over the replication id of its primary. So a
 * record with the replication id of the server was written since the server became the primary, and no write since then is lost.
 * A script deletes any other record that it reads (PROTOCOL.md S-3, S-5).
 */
enum Script {
    /** Returns a list of "" or of what speaks against opening the store. ARGV: mode, version of the layout. */
    OPEN("""
            local layout = redis.call('HMGET', prefix .. 'layout', 'version', 'restarts')
            if not layout[1] then
              redis.call('HSET', prefix .. 'layout', 'version', ARGV[2], 'restarts', ARGV[1])
              return {''}
            end
            if layout[1] ~= ARGV[2] then
              return {'its layout is of version ' .. layout[1] .. '; this library knows version ' .. ARGV[2]}
            end
            if layout[2] ~= ARGV[1] then
              return {'it was made with ' .. layout[2] .. '; open it in the same way, or choose another prefix'}
            end
            return {''}
            """),

    /** Returns whether a record was added. ARGV: mode, id, fields. */
    INSERT("""
            if read(ARGV[2]) then
              return 0
            end
            put(ARGV[2], 3)
            return 1
            """),

    /** Returns the fields of a record, or nothing. ARGV: mode, id. */
    FIND("""
            if not read(ARGV[2]) then
              return {}
            end
            return redis.call('HMGET', record(ARGV[2]), 'format', 'peer', 'epoch', 'version', 'key', 'expires', 'state')
            """),

    /** Returns of each change whether it was made. ARGV: mode; for each change id, epoch, version, fields. */
    REPLACE("""
            local made = {}
            for i = 2, #ARGV, 10 do
              local found = read(ARGV[i])
              if found and found.epoch == ARGV[i + 1] and found.version == ARGV[i + 2] then
                if found.peer ~= ARGV[i + 4] and found.peer ~= '' then
                  redis.call('SREM', prefix .. 'peer:' .. found.peer, ARGV[i])
                end
                if found.key ~= ARGV[i + 7] then
                  redis.call('SREM', prefix .. 'key:' .. found.key, ARGV[i])
                end
                put(ARGV[i], i + 3)
                made[#made + 1] = 1
              else
                made[#made + 1] = 0
              end
            end
            return made
            """),

    /** Returns of each record whether it has this epoch. ARGV: mode; for each record id, epoch. */
    OWNED("""
            local owned = {}
            for i = 2, #ARGV, 2 do
              local found = read(ARGV[i])
              owned[#owned + 1] = (found and found.epoch == ARGV[i + 1]) and 1 or 0
            end
            return owned
            """),

    /** Returns whether a record was deleted. ARGV: mode, id, epoch, version. */
    DELETE("""
            local found = read(ARGV[2])
            if found and found.epoch == ARGV[3] and found.version == ARGV[4] then
              drop(ARGV[2], found)
              return 1
            end
            return 0
            """),

    /** Returns how many records were met and dropped, then ids. ARGV: mode, limit. */
    LIST_ALL("""
            local dropped = 0
            local ids = {}
            for _, id in ipairs(redis.call('ZRANGE', prefix .. 'expires', 0, ARGV[2] - 1)) do
              if read(id) then
                ids[#ids + 1] = id
              else
                -- Of an earlier history, or deleted by hand.
                redis.call('ZREM', prefix .. 'expires', id)
                dropped = dropped + 1
              end
            end
            table.insert(ids, 1, tostring(dropped))
            return ids
            """),

    /** Returns the ids of the records of a peer. ARGV: mode, peer. */
    LIST("""
            local ids = {}
            for _, id in ipairs(redis.call('SMEMBERS', prefix .. 'peer:' .. ARGV[2])) do
              if read(id) then
                ids[#ids + 1] = id
              else
                redis.call('SREM', prefix .. 'peer:' .. ARGV[2], id)
              end
            end
            return ids
            """),

    /** Deletes the records of a peer and returns their ids. ARGV: mode, peer. */
    DELETE_ALL("""
            local ids = {}
            for _, id in ipairs(redis.call('SMEMBERS', prefix .. 'peer:' .. ARGV[2])) do
              local found = read(id)
              if found then
                drop(id, found)
                ids[#ids + 1] = id
              else
                redis.call('SREM', prefix .. 'peer:' .. ARGV[2], id)
              end
            end
            return ids
            """),

    /** Returns how many records were deleted. ARGV: mode, the first time that has not expired, limit. */
    DELETE_EXPIRED("""
            local ids = redis.call('ZRANGEBYSCORE', prefix .. 'expires', '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
            for _, id in ipairs(ids) do
              local found = read(id)
              if found then
                drop(id, found)
              end
              redis.call('ZREM', prefix .. 'expires', id)
            end
            return #ids
            """),

    /** Returns how many records were met and dropped, then ids. ARGV: mode, name of the current key, limit. */
    SEALED_BY_OTHERS("""
            local dropped = 0
            local ids = {}
            for _, name in ipairs(redis.call('SMEMBERS', prefix .. 'keys')) do
              local left = tonumber(ARGV[3]) - #ids
              if name ~= ARGV[2] and left > 0 then
                local sealed = redis.call('SRANDMEMBER', prefix .. 'key:' .. name, left)
                if #sealed == 0 then
                  redis.call('SREM', prefix .. 'keys', name)
                end
                for _, id in ipairs(sealed) do
                  if read(id) then
                    ids[#ids + 1] = id
                  else
                    redis.call('SREM', prefix .. 'key:' .. name, id)
                    dropped = dropped + 1
                  end
                end
              end
            end
            table.insert(ids, 1, tostring(dropped))
            return ids
            """);

    /** The version of the layout above. */
    static final String LAYOUT_VERSION = "1";

    /** The mode of stores whose sessions end with a restart, as the layout has it; never changed. */
    static final String ENDS_WITH_RESTART = "END_SESSIONS";

    /** The mode of stores that keep their sessions, as the layout has it; never changed. */
    static final String OUTLIVES_RESTART = "KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK";

    private static final String COMMON = "local ends_with_restart = '" + ENDS_WITH_RESTART + "'\n" + """
            local prefix = KEYS[1]
            local info = redis.call('INFO', 'replication')
            local history = string.match(info, 'master_replid:(%x+)')
            if not history or not string.find(info, 'role:master', 1, true) then
              return redis.error_reply('NOTPRIMARY this server is not a primary with a replication id')
            end
            if ARGV[1] ~= ends_with_restart then
              history = 'any'
            end

            local function record(id)
              return prefix .. 'record:' .. id
            end

            local function drop(id, found)
              redis.call('DEL', record(id))
              redis.call('ZREM', prefix .. 'expires', id)
              redis.call('SREM', prefix .. 'key:' .. found.key, id)
              if found.peer ~= '' then
                redis.call('SREM', prefix .. 'peer:' .. found.peer, id)
              end
            end

            local function read(id)
              local fields = redis.call('HMGET', record(id), 'history', 'epoch', 'version', 'peer', 'key')
              if not fields[1] then
                return nil
              end
              local found = {epoch = fields[2], version = fields[3], peer = fields[4], key = fields[5]}
              if fields[1] ~= history then
                drop(id, found)
                return nil
              end
              return found
            end

            local function put(id, from)
              redis.call('HSET', record(id), 'history', history, 'format', ARGV[from], 'peer', ARGV[from + 1],
                'epoch', ARGV[from + 2], 'version', ARGV[from + 3], 'key', ARGV[from + 4], 'expires', ARGV[from + 5],
                'state', ARGV[from + 6])
              redis.call('ZADD', prefix .. 'expires', ARGV[from + 5], id)
              redis.call('SADD', prefix .. 'keys', ARGV[from + 4])
              redis.call('SADD', prefix .. 'key:' .. ARGV[from + 4], id)
              if ARGV[from + 1] ~= '' then
                redis.call('SADD', prefix .. 'peer:' .. ARGV[from + 1], id)
              end
            end

            """;

    private final String text;

    Script(String body) {
        this.text = COMMON + body;
    }

    /** Returns the script as the server gets it. */
    String text() {
        return text;
    }
}
