"""What a draft's sentences rest on: how sure each is, where on the film, whether a film drawn from them agrees."""
