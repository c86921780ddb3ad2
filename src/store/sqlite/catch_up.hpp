#pragma once
// A server's database and its revocation journal, before anybody reads the one.

#include "store/revocation.hpp"
#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

/// Carries out what the journal has and the database has not; says how many. An empty journal of a database that has
/// none is filled from it. Fails with `revocation_journal_lost` where the journal is behind.
[[nodiscard]] Result<std::size_t> catch_up(Connection& connection, RevocationJournal& journal);

/// Writes every revoked device and PN GW of the database to an empty journal, for one that was lost: what only the lost
/// one knew (erased and renewed IDs) is gone. Says how many.
[[nodiscard]] Result<std::size_t> fill_journal(Connection& connection, RevocationJournal& journal);

}  // namespace cpns::store::sqlite
