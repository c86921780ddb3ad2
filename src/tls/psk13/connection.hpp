#pragma once
// One TLS 1.3 connection with an external PSK and nothing else (RFC 8446; protocol.md section 4), as a tls::Engine:
// bytes in, bytes out. What client and server have in common: records, alerts, and what comes after the handshake.
// No certificates, no resumption, no 0-RTT. Not thread-safe; one owner.

#include "tls/engine.hpp"
#include "tls/psk13/hello.hpp"
#include "tls/psk13/output.hpp"
#include "tls/psk13/transcript.hpp"

namespace cpns::tls::psk13 {

class Connection : public Engine {
 public:
  /// Wipes what was never read.
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> feed(ByteView ciphertext) final;
  std::size_t take_output(std::span<std::uint8_t> out) final;
  EngineState state() const final { return state_; }
  Result<std::size_t> read(std::span<std::uint8_t> out) final;
  Result<void> write(ByteView plaintext) final;
  void close() final;
  bool peer_closed() const final { return peer_closed_; }
  bool may_be_readable() const final {
    return state_ != EngineState::Open || !plaintext_.empty() || taken_ < input_.size();
  }
  void rest() final;
  Bytes take_rest() final;
  std::string alpn() const final { return alpn_; }
  PeerIdentity peer() const final;
  Result<secret::SecretBuffer> exporter(std::string_view label, std::size_t size) final;

 protected:
  explicit Connection(Side side) : side_(side) {}

  /// What a step of the handshake comes to: nothing, or why the connection ends.
  using Verdict = std::optional<Refusal>;
  /// A whole message of the handshake, with its header. `last`: nothing follows it in its record, so that keys may
  /// change behind it (section 5.1).
  [[nodiscard]] virtual Verdict on_message(MessageType type, ByteView message, bool last) = 0;
  /// The connection has failed: lets go of every secret of the handshake (section 6.2: MUST forget).
  virtual void forget() noexcept = 0;

  [[nodiscard]] Result<void> advance();
  Error fail(Refusal refusal);
  void wait_for_key() noexcept { state_ = EngineState::WaitingForKey; }
  void wait_for_exchange() noexcept { state_ = EngineState::WaitingForExchange; }
  void go_on() noexcept { state_ = EngineState::Handshaking; }
  /// The handshake is over: reads with the application's secret from here on; writing with `write` has begun already.
  void open(TrafficSecret read, TrafficSecret write);
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

  /// In the clear while there is no key to write with. Messages of one call share a record where they fit.
  void send_messages(ByteView messages);
  void send_compatibility_ccs();
  void read_with(const Ready<TrafficSecret>& secret) { change_key(read_, secret); }
  void write_with(const Ready<TrafficSecret>& secret) { change_key(write_, secret); }
  /// The peer's change_cipher_spec is passed over from here on, until the handshake is over (section 5).
  void allow_ccs() noexcept { ccs_allowed_ = true; }
  /// The client said that it sends early data, which nobody here reads: what can be that is passed over from here on,
  /// up to the client's second flight, and no more than kMaxEarlyData of it (section 4.2.10).
  void skip_early_data(bool skip) noexcept { early_data_left_ = skip ? kMaxEarlyData : 0; }

  [[nodiscard]] static Refusal out_of_order(std::string got, std::string expected);

  Suite suite_ = Suite::Aes128Gcm;
  Transcript transcript_;
  std::optional<ExporterSecret> exporter_;
  std::string alpn_;
  std::string identity_;  ///< the PSK's

 private:
  static constexpr std::size_t kMaxEarlyData = std::size_t{32} * 1024;  ///< of ciphertext
  struct Content {
    ContentType type;
    std::span<std::uint8_t> bytes;
  };
  /// The next whole record of the input, opened; nothing where more has to come. Passes over compatibility CCS.
  [[nodiscard]] Result<std::optional<Content>> next_record();
  [[nodiscard]] Result<std::optional<std::size_t>> record_size();
  [[nodiscard]] Verdict take_handshake(ByteView fragment);
  [[nodiscard]] Verdict take_alert(ByteView content);
  [[nodiscard]] Verdict on_key_update(ByteView message, bool last);
  [[nodiscard]] Verdict after_handshake(MessageType type, ByteView message, bool last);
  [[nodiscard]] Result<void> next_plaintext();
  /// True where a record, header and all, is taken for early data.
  [[nodiscard]] bool skips(std::size_t size) noexcept;
  /// A record that says nothing: some are allowed, a flood of them is not.
  [[nodiscard]] Verdict count_idle(const char* what);
  void change_key(std::optional<RecordProtection>& protection, const Ready<TrafficSecret>& secret);
  void send_record(ContentType type, ByteView content);
  void send_alert(Alert alert);
  void update_write_key();

  Side side_;
  EngineState state_ = EngineState::Handshaking;
  std::optional<Error> error_;  ///< the first cause; returned again by later calls

  Bytes input_;  ///< ciphertext of the peer; before `taken_` it is dealt with
  std::size_t taken_ = 0;
  Output output_;
  Bytes message_;                      ///< of a message whose rest is in a later record
  std::span<std::uint8_t> plaintext_;  ///< of the current record, in `input_`, not read yet

  std::optional<RecordProtection> read_, write_;
  std::optional<TrafficSecret> read_secret_, write_secret_;
  unsigned updates_without_data_ = 0;
  unsigned idle_records_ = 0;        ///< since the last that said something
  std::size_t early_data_left_ = 0;  ///< of the client's early data, that may yet be passed over
  bool ccs_allowed_ = false;
  bool update_owed_ = false;  ///< the peer asked for a KeyUpdate, and has not got it
  bool peer_closed_ = false;
  bool we_closed_ = false;
};

}  // namespace cpns::tls::psk13
