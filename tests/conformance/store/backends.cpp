#include "conformance/store/backends.hpp"

#include <sqlite3.h>

#include "store/file/file_credential_store.hpp"
#include "store/keys/local_seal.hpp"
#include "store/memory/memory_credential_store.hpp"
#include "store/memory/memory_pairing_store.hpp"
#include "store/memory/server_memory.hpp"
#include "store/sqlite/gateway_database.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/temp_dir.hpp"

namespace cpns::store::testing {
namespace {

/// Changes a database behind its store's back.
void alter(const std::filesystem::path& file, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  sqlite3_busy_timeout(database, 5000);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, &message), SQLITE_OK) << message;
  sqlite3_free(message);
  sqlite3_close(database);
}

class MemoryServer final : public ServerBackend {
 public:
  DeviceStore& devices() override { return memory_.devices(); }
  GatewayStore& gateways() override { return memory_.gateways(); }
  AuditStore& audit() override { return memory_.audit(); }
  SealStore& seals() override { return memory_.seals(); }
  TokenStore& tokens() override { return memory_.tokens(); }
  Sealer& sealer() override { return sealer_; }
  void exchange_key_seeds() override {
    const auto values = memory_.sealed_values();
    std::swap(*values.at(0), *values.at(1));
  }
  void copy_key_seed_over_token() override {
    const auto values = memory_.sealed_values();
    *values.back() = *values.front();
  }

 private:
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  audit::Chain chain_ = test_chain();
  memory::ServerMemory memory_{sealer_, random_, &chain_};
};

class SqliteServer final : public ServerBackend {
 public:
  SqliteServer() { open(); }
  DeviceStore& devices() override { return database_->devices(); }
  GatewayStore& gateways() override { return database_->gateways(); }
  AuditStore& audit() override { return database_->audit(); }
  SealStore& seals() override { return database_->seals(); }
  TokenStore& tokens() override { return database_->tokens(); }
  Sealer& sealer() override { return sealer_; }
  bool reopen() override {
    database_.reset();
    open();
    return true;
  }
  void exchange_key_seeds() override {
    alter(file_,
          "CREATE TEMP TABLE before AS SELECT row_id, sealed_key_seed FROM devices;"
          "UPDATE devices SET sealed_key_seed = (SELECT sealed_key_seed FROM before "
          "WHERE before.row_id <> devices.row_id)");
  }
  void copy_key_seed_over_token() override {
    alter(file_, "UPDATE enrolments SET sealed_secret = (SELECT sealed_key_seed FROM devices)");
  }

 private:
  void open() {
    sqlite::Options options;
    options.audit = &chain_;
    auto opened = sqlite::ServerDatabase::open(file_, sealer_, random_, options);
    if (!opened) throw std::runtime_error(to_text(opened.error()));
    database_ = std::move(opened).value();
  }
  test::TempDir folder_;
  std::filesystem::path file_ = folder_ / "server.db";
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  audit::Chain chain_ = test_chain();
  std::unique_ptr<sqlite::ServerDatabase> database_;
};

class MemoryPairing final : public PairingBackend {
 public:
  PairingStore& pairings() override { return store_; }
  void shift_sealed_values() override {
    const auto values = store_.sealed_values();
    *values.at(2) = *values.at(1);
    *values.at(1) = *values.at(0);
  }

 private:
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  memory::MemoryPairingStore store_{sealer_, random_};
};

class SqlitePairing final : public PairingBackend {
 public:
  SqlitePairing() { open(); }
  PairingStore& pairings() override { return database_->pairings(); }
  bool reopen() override {
    database_.reset();
    open();
    return true;
  }
  void shift_sealed_values() override {
    alter(file_,
          "UPDATE undelivered SET sealed_credential = (SELECT sealed_pan_psk FROM peers);"
          "UPDATE peers SET sealed_pan_psk = (SELECT sealed_secret FROM pairings);");
  }

 private:
  void open() {
    auto opened = sqlite::GatewayDatabase::open(file_, sealer_, random_);
    if (!opened) throw std::runtime_error(to_text(opened.error()));
    database_ = std::move(opened).value();
  }
  test::TempDir folder_;
  std::filesystem::path file_ = folder_ / "gateway.db";
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  std::unique_ptr<sqlite::GatewayDatabase> database_;
};

class MemoryCredentials final : public CredentialBackend {
 public:
  CredentialStore& credentials() override { return store_; }

 private:
  memory::MemoryCredentialStore store_;
};

class FileCredentials : public CredentialBackend {
 public:
  CredentialStore& credentials() override {
    if (!store_) reopen();
    return *store_;
  }
  bool reopen() override {
    store_ = std::make_unique<file::FileCredentialStore>(file_, seal());
    return true;
  }

 protected:
  [[nodiscard]] virtual std::unique_ptr<FileSeal> seal() { return nullptr; }
  test::TempDir folder_;

 private:
  std::filesystem::path file_ = folder_ / "made" / "device.record";
  std::unique_ptr<file::FileCredentialStore> store_;
};

class SealedCredentials final : public FileCredentials {
 protected:
  std::unique_ptr<FileSeal> seal() override {
    const keys::SealChoice choice{.folder = folder_ / "made", .kind = keys::SealKind::File, .tcti = {}};
    return std::make_unique<keys::LocalSeal>(choice, random_);
  }

 private:
  TestRandom random_;
};

template <class Backend, class Concrete>
Named<Backend> named(const char* name) {
  return {name, [] { return std::make_unique<Concrete>(); }};
}

}  // namespace

std::vector<Named<ServerBackend>> server_backends() {
  return {named<ServerBackend, MemoryServer>("memory"), named<ServerBackend, SqliteServer>("sqlite")};
}

std::vector<Named<PairingBackend>> pairing_backends() {
  return {named<PairingBackend, MemoryPairing>("memory"), named<PairingBackend, SqlitePairing>("sqlite")};
}

std::vector<Named<CredentialBackend>> credential_backends() {
  return {named<CredentialBackend, MemoryCredentials>("memory"), named<CredentialBackend, FileCredentials>("file"),
          named<CredentialBackend, SealedCredentials>("sealed_file")};
}

audit::Chain test_chain() {
  return audit::Chain(audit::AuditKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{0x3c}); }));
}

Sealer test_sealer(std::uint8_t byte) {
  return Sealer(secret::MasterKey::make([&](auto to) { std::fill(to.begin(), to.end(), byte); }));
}

}  // namespace cpns::store::testing
