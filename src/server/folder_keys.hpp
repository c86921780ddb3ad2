#pragma once
// Keys of the server that lie in files, each sealed under the master key and bound to its name [V2]: alias keys, the
// key of the revocation journal, the key of the audit log, private keys of certificates. Blocking; for start-up and for
// rotations. One thread.
//
// Inside the seal of an alias key: key 32 | made at 8, seconds since 1970. Of a private key: its PEM. Files of before
// hold a bare key, and so does one that another tool has put there; they are sealed when they are first read, by the
// user who owns them. A symbolic link is left alone: whoever made it keeps that key himself.

#include "server/folder.hpp"
#include "store/sealer.hpp"

namespace cpns::server {

class FolderKeys {
 public:
  struct AliasKey {
    std::uint8_t number;  ///< 1-255, in an alias's second byte
    ids::UnixTime made_at;
    secret::AliasKey key;
  };

  /// All must outlive it.
  FolderKeys(const Folder& folder, const store::Sealer& sealer, crypto::Random& random)
      : folder_(folder), sealer_(sealer), random_(random) {}

  /// All fail with an error of runtime/files.hpp, `key_file_refused` for another length, or one of Sealer::open.
  /// Made where it is missing: folders of before had no journal.
  [[nodiscard]] Result<secret::JournalKey> journal_key();
  /// Made where it is missing, too.
  [[nodiscard]] Result<audit::AuditKey> audit_key();
  /// In the order in which they were made; not empty.
  [[nodiscard]] Result<std::vector<AliasKey>> alias_keys();
  [[nodiscard]] Result<void> make_alias_key(std::uint8_t number, ids::UnixTime now);
  [[nodiscard]] Result<void> remove_alias_key(std::uint8_t number);
  /// Certificates with their private keys: the CA of operator links [L1], the server's own.
  [[nodiscard]] Result<tls::Identity> ca();
  [[nodiscard]] Result<tls::Identity> certificate();
  [[nodiscard]] Result<void> write_ca(const tls::Identity& identity);
  [[nodiscard]] Result<void> write_certificate(const tls::Identity& identity);
  /// Of `[server_proof]`: like `certificate` where the key is the same file; another one stays as its owner keeps it.
  [[nodiscard]] Result<tls::Identity> proof(const std::filesystem::path& certificate, const std::filesystem::path& key);
  /// Seals every file that is under an older master key under the newest.
  [[nodiscard]] Result<void> reseal();

 private:
  struct File {
    std::filesystem::path path;
    std::string_view name;
    Bytes row;         ///< of its place
    bool pem = false;  ///< a private key; else 32 bytes
  };
  [[nodiscard]] File alias_file(std::uint8_t number) const;
  [[nodiscard]] File journal_file() const;
  [[nodiscard]] File audit_file() const;
  [[nodiscard]] Result<std::vector<std::uint8_t>> alias_numbers() const;
  [[nodiscard]] Result<secret::SecretBuffer> read(const File& file);
  [[nodiscard]] Bytes sealed(const File& file, ByteView content);
  [[nodiscard]] Result<void> write(const File& file, ByteView content);
  [[nodiscard]] Result<void> reseal(const File& file);
  template <class Key>
  [[nodiscard]] Result<Key> read_or_make(const File& file);
  [[nodiscard]] File ca_file() const;
  [[nodiscard]] File certificate_file() const;
  [[nodiscard]] Result<tls::Identity> read_identity(const std::filesystem::path& certificate, const File& key);
  [[nodiscard]] Result<void> write_identity(const tls::Identity& identity, const std::filesystem::path& certificate,
                                            const File& key);

  Folder folder_;
  const store::Sealer& sealer_;
  crypto::Random& random_;
};

/// What makes and opens aliases: the newest key makes them.
[[nodiscard]] assign::AliasKeys alias_keys_of(std::vector<FolderKeys::AliasKey> keys);
/// Of all these, but `current` makes aliases: another one opens them only, until everybody can. It is one of them.
[[nodiscard]] assign::AliasKeys alias_keys_of(std::vector<FolderKeys::AliasKey> keys, std::uint8_t current);

}  // namespace cpns::server
