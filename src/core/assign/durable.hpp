#pragma once

namespace cpns::store {
class CommitProof;
}

namespace cpns::assign {

/// Proof that what was handed to a store is on disk. Only a store can make one, after its commit, and the functions
/// that reveal something to a peer take it: "durable before revealed" does not compile the other way round. [S1, S4,
/// G2]
class Durable {
 public:
  Durable(Durable&&) = default;
  Durable& operator=(Durable&&) = default;
  Durable(const Durable&) = delete;
  Durable& operator=(const Durable&) = delete;
  ~Durable() = default;

 private:
  friend class cpns::store::CommitProof;
  Durable() = default;
};

}  // namespace cpns::assign
