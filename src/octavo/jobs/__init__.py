"""One job to one reply, whatever brought it: the contract, the work, what is kept of it, and where it is delivered."""
