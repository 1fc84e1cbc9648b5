"""What is measured of every block, for the network."""
