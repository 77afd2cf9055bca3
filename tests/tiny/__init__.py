"""Systems of a few lines, as another package brings them: what the laws and the commands are tried on."""
